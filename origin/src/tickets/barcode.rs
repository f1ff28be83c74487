//! A seat ticket's barcode, which is scanned at the entrance, and the signed address of its QR code.
//!
//! A barcode is `ST1`, the ticket's id and a MAC, in upper-case hex. Upper case keeps the QR code
//! small (alphanumeric mode). A scanner with the key tells a genuine barcode from an invented one
//! without a network. A barcode does not say whether the ticket was used.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use stanchion_shared::ids::Bytes32;
use uuid::Uuid;

/// First characters of a barcode: Stanchion, version 1.
pub const VERSION: &str = "ST1";
/// Bytes of the MAC in a barcode: a forger needs 2^96 guesses.
pub const MAC_BYTES: usize = 12;
/// Bytes of the signature in a QR code's address.
pub const ADDRESS_MAC_BYTES: usize = 16;

/// The barcode of an active ticket.
#[must_use]
pub fn barcode(key: &Bytes32, ticket_id: Uuid) -> String {
    let mac = mac(key, "stanchion/barcode/v1", ticket_id);
    format!(
        "{VERSION}{}{}",
        hex::encode_upper(ticket_id.as_bytes()),
        hex::encode_upper(&mac[..MAC_BYTES])
    )
}

/// The id of the ticket that a barcode belongs to; `None` if the barcode is not genuine.
#[must_use]
pub fn read_barcode(key: &Bytes32, code: &str) -> Option<Uuid> {
    let bytes = hex::decode(code.strip_prefix(VERSION)?).ok()?;
    let (id, tail) = bytes.split_at_checked(16)?;
    let ticket_id = Uuid::from_slice(id).ok()?;
    is_equal(tail, &mac(key, "stanchion/barcode/v1", ticket_id)[..MAC_BYTES]).then_some(ticket_id)
}

/// The signature in the address of a ticket's QR code. An `<img>` needs it, because it cannot send
/// a Bearer token.
#[must_use]
pub fn address_signature(key: &Bytes32, ticket_id: Uuid) -> String {
    hex::encode(&mac(key, "stanchion/qr-address/v1", ticket_id)[..ADDRESS_MAC_BYTES])
}

/// Whether `signature` is the one of the ticket's address.
#[must_use]
pub fn verify_address(key: &Bytes32, ticket_id: Uuid, signature: &str) -> bool {
    let given = hex::decode(signature).unwrap_or_default();
    is_equal(
        &given,
        &mac(key, "stanchion/qr-address/v1", ticket_id)[..ADDRESS_MAC_BYTES],
    )
}

/// The path and query of a ticket's QR code.
#[must_use]
pub fn qr_code_url(key: &Bytes32, ticket_id: Uuid) -> String {
    format!(
        "/api/v1/tickets/{ticket_id}/qr.svg?signature={}",
        address_signature(key, ticket_id)
    )
}

fn mac(key: &Bytes32, purpose: &str, ticket_id: Uuid) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes keys of any length");
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(ticket_id.as_bytes());
    mac.finalize().into_bytes().into()
}

fn is_equal(given: &[u8], expected: &[u8]) -> bool {
    use subtle::ConstantTimeEq;
    bool::from(given.ct_eq(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Bytes32 = Bytes32([7; 32]);

    #[test]
    fn a_code_leads_back_to_its_ticket() {
        let ticket = Uuid::from_u128(0x1234);
        let code = barcode(&KEY, ticket);
        assert_eq!(read_barcode(&KEY, &code), Some(ticket));
        assert_eq!(code.len(), 3 + 32 + 24);
        assert!(
            code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()),
            "QR alphanumeric: {code}"
        );
    }

    #[test]
    fn a_code_that_was_touched_is_nobodys() {
        let code = barcode(&KEY, Uuid::from_u128(1));
        for position in VERSION.len()..code.len() {
            let mut touched = code.clone().into_bytes();
            touched[position] = if touched[position] == b'0' { b'1' } else { b'0' };
            assert_eq!(
                read_barcode(&KEY, std::str::from_utf8(&touched).unwrap()),
                None,
                "{position}"
            );
        }
        assert_eq!(read_barcode(&Bytes32([8; 32]), &code), None);
        for text in ["", "ST1", "ST2", &code[..code.len() - 2], &format!("{code}00")] {
            assert_eq!(read_barcode(&KEY, text), None, "{text}");
        }
    }

    #[test]
    fn an_address_opens_its_own_ticket_only() {
        let signature = address_signature(&KEY, Uuid::from_u128(1));
        assert!(verify_address(&KEY, Uuid::from_u128(1), &signature));
        assert!(!verify_address(&KEY, Uuid::from_u128(2), &signature));
        assert!(!verify_address(&KEY, Uuid::from_u128(1), ""));
        assert!(!verify_address(&KEY, Uuid::from_u128(1), &signature[..30]));
    }
}

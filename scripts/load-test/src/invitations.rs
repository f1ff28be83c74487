//! Some of the fans are verified ones, invited as an admin would: a list is uploaded, the codes come back, and each fan redeems
//! the own one.

use std::collections::HashMap;

use stanchion_shared::ids::EventId;

use crate::{
    accounts::FanAccount,
    admin::{AdminApi, AdminApiError},
    behaviour::signs_up,
    options::RunOptions,
};

/// Addresses of one upload; the origin takes more.
const UPLOADED_AT_ONCE: usize = 10_000;

/// Codes of invitations by the subject of the account whose address was invited.
pub(crate) type InvitationCodes = HashMap<String, String>;

/// Whether fan `number` is to be a verified one. Spread over all numbers, since the first ones have habits of their own.
fn is_chosen(number: u32, options: &RunOptions) -> bool {
    // 61 has no divisor in common with 100: of any 100 numbers that follow each other as many are chosen as asked for.
    let chosen = u64::from(number) * 61 % 100 < u64::from(options.verified);
    chosen && !signs_up(number, options.sign_ups)
}

/// Invites the share of the fans that was asked for; `accounts` are in the order of the fans' numbers.
pub(crate) async fn invite(
    admin: &AdminApi,
    options: &RunOptions,
    event: &EventId,
    accounts: &[FanAccount],
) -> Result<InvitationCodes, AdminApiError> {
    let numbered = (0..options.fans).zip(accounts);
    let chosen: Vec<&FanAccount> = numbered
        .filter(|(number, _)| is_chosen(*number, options))
        .map(|(_, account)| account)
        .collect();
    if chosen.is_empty() {
        return Ok(InvitationCodes::new());
    }
    admin.offer_verified_fans(event).await?;
    for some in chosen.chunks(UPLOADED_AT_ONCE) {
        let list: String = some.iter().map(|account| format!("{}\n", account.email)).collect();
        admin.invite(event, list).await?;
    }
    let export = admin.invitations(event).await?;
    let by_email: HashMap<&str, &str> = export.lines().filter_map(read_line).collect();
    let code = |account: &&FanAccount| {
        let code = by_email.get(account.email.as_str()).copied();
        let code = code.ok_or_else(|| AdminApiError::NoCode(account.email.clone()))?;
        Ok((account.subject.clone(), code.to_owned()))
    };
    chosen.iter().map(code).collect()
}

/// `email,code,state`; addresses have no commas.
fn read_line(line: &str) -> Option<(&str, &str)> {
    let (email, rest) = line.split_once(',')?;
    let (code, _state) = rest.split_once(',')?;
    Some((email, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_export_is_read() {
        assert_eq!(
            read_line("a@example.org,7-00ff,invited"),
            Some(("a@example.org", "7-00ff"))
        );
        assert_eq!(read_line("nonsense"), None);
    }
}

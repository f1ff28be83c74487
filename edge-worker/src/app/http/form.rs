//! `application/x-www-form-urlencoded`: forms, and the query of an address.

use crate::platform::HttpRequest;

/// Encodes names and values as one text. Everything but letters and digits becomes `%XX`: every
/// reader decodes that in the same way, and the same values always make the same text.
pub(crate) fn encode<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    text
}

/// Names and values as they are sent, in order. A name alone has an empty value.
pub(crate) fn fields(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let fields = text.split('&').filter(|field| !field.is_empty());
    fields.map(|field| field.split_once('=').unwrap_or((field, "")))
}

/// Decodes a name or value; `None` if it is not UTF-8 or a `%` is not followed by two hex digits.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.replace('+', " ").into_bytes();
    for piece in pieces {
        let code = piece
            .get(..2)
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend(piece[2..].replace('+', " ").bytes());
    }
    String::from_utf8(bytes).ok()
}

/// A field of a form in the body of a request, decoded.
pub(crate) fn form_field(request: &HttpRequest, name: &str) -> Option<String> {
    let text = str::from_utf8(request.body()).ok()?;
    let (_, value) = fields(text).find(|(found, _)| *found == name)?;
    decode(value)
}

/// The value of a query parameter as it was sent: the values of the API's parameters need no
/// percent-encoding.
pub(crate) fn query<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let pairs = request.uri().query().unwrap_or_default().split('&');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_every_byte_apart() {
        let text = encode([("a", "x&b=1 é"), ("c", "")]);
        assert_eq!(text, "a=x%26b%3D1%20%C3%A9&c=");
        let read: Vec<_> = fields(&text)
            .map(|(name, value)| (name, decode(value).unwrap()))
            .collect();
        assert_eq!(read, [("a", "x&b=1 é".to_owned()), ("c", String::new())]);
    }

    #[test]
    fn what_others_encode_is_read_and_what_is_no_code_is_not() {
        assert_eq!(decode("a+b%2fc").as_deref(), Some("a b/c"));
        for text in ["%", "%0", "%zz", "%+1", "%ff"] {
            assert_eq!(decode(text), None, "{text}");
        }
        assert_eq!(fields("&a&b=c=d&").collect::<Vec<_>>(), [("a", ""), ("b", "c=d")]);
    }
}

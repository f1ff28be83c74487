//! What Redis answers, in the words of Spin: values as one list, errors as the texts that components look into.

use redis::{ErrorKind, RedisError, ServerErrorKind, Value};

use crate::bindings::spin::redis::redis as wit;

/// Most bytes of one answer of `get` or `execute`; Spin's number.
const MAX_ANSWER_BYTES: usize = 128 << 20;

/// An answer as one list: nested lists lose their borders, as in Spin.
pub(super) fn flatten(value: Value, results: &mut Vec<wit::RedisResult>) -> Result<(), wit::Error> {
    let one = match value {
        Value::Nil => wit::RedisResult::Nil,
        Value::Int(number) => wit::RedisResult::Int64(number),
        Value::Boolean(yes) => wit::RedisResult::Int64(yes.into()),
        Value::BulkString(bytes) => wit::RedisResult::Binary(bytes),
        Value::Double(number) => wit::RedisResult::Binary(number.to_string().into_bytes()),
        Value::SimpleString(text) => wit::RedisResult::Status(text),
        Value::Okay => wit::RedisResult::Status("OK".to_owned()),
        Value::Array(values) | Value::Set(values) => {
            return values.into_iter().try_for_each(|value| flatten(value, results));
        }
        // Only RESP3 has others, and a connection speaks RESP2 unless its address asks for the other.
        other => {
            return Err(wit::Error::Other(format!(
                "Could not convert Redis response: {other:?}"
            )));
        }
    };
    results.push(one);
    Ok(())
}

pub(super) fn size(result: &wit::RedisResult) -> usize {
    size_of::<wit::RedisResult>()
        + match result {
            wit::RedisResult::Nil | wit::RedisResult::Int64(_) => 0,
            wit::RedisResult::Status(text) => text.len(),
            wit::RedisResult::Binary(bytes) => bytes.len(),
        }
}

pub(super) fn judge_size(bytes: usize) -> Result<(), wit::Error> {
    if bytes > MAX_ANSWER_BYTES {
        return Err(wit::Error::Other(format!(
            "query result exceeds limit of {MAX_ANSWER_BYTES} bytes"
        )));
    }
    Ok(())
}

/// The error as Spin tells it: the text that version 0.32 of the client, which Spin has, gives it.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn spin_error(error: RedisError) -> wit::Error {
    let detail = error.detail().unwrap_or_default();
    let text = match error.kind() {
        ErrorKind::Server(kind) if kind != ServerErrorKind::NoPerm => {
            format!("An error was signalled by the server - {}: {detail}", name(kind))
        }
        ErrorKind::Server(_) | ErrorKind::Extension => format!("{}: {detail}", error.code().unwrap_or_default()),
        _ => error.to_string(),
    };
    wit::Error::Other(text)
}

/// The names that version 0.32 of the client has for kinds of errors.
fn name(kind: ServerErrorKind) -> String {
    let renamed = match kind {
        ServerErrorKind::ExecAbort => "ExecAbortError",
        ServerErrorKind::BusyLoading => "BusyLoadingError",
        ServerErrorKind::NoScript => "NoScriptError",
        same => return format!("{same:?}"),
    };
    renamed.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::RedisResult;

    /// An answer's bytes as the client reads them.
    fn answer(bytes: &[u8]) -> RedisResult<Value> {
        redis::parse_redis_value(bytes)?.extract_error()
    }

    fn text(bytes: &[u8]) -> String {
        match spin_error(answer(bytes).expect_err("an error")) {
            wit::Error::Other(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn errors_read_as_spins_own_client_writes_them() {
        assert_eq!(
            text(b"-NOSCRIPT No matching script. Please use EVAL.\r\n"),
            "An error was signalled by the server - NoScriptError: No matching script. Please use EVAL."
        );
        assert_eq!(
            text(b"-ERR unknown\r\n"),
            "An error was signalled by the server - ResponseError: unknown"
        );
        assert_eq!(
            text(b"-LOADING wait\r\n"),
            "An error was signalled by the server - BusyLoadingError: wait"
        );
        assert_eq!(text(b"-WRONGTYPE no list\r\n"), "WRONGTYPE: no list");
        assert_eq!(text(b"-NOPERM not you\r\n"), "NOPERM: not you");
    }

    #[test]
    fn nested_lists_become_one() {
        let mut results = Vec::new();
        flatten(
            answer(b"*3\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n+OK\r\n").expect("a list"),
            &mut results,
        )
        .expect("results");
        assert!(matches!(
            results.as_slice(),
            [
                wit::RedisResult::Int64(1),
                wit::RedisResult::Binary(a),
                wit::RedisResult::Nil,
                wit::RedisResult::Status(ok),
            ] if a == b"a" && ok == "OK"
        ));
    }

    #[test]
    fn answers_have_a_highest_size() {
        assert!(judge_size(MAX_ANSWER_BYTES).is_ok());
        assert!(judge_size(MAX_ANSWER_BYTES + 1).is_err());
    }
}

/// The header by which a site or our origin says in an answer what becomes of the shopping session
/// of the request. It is between them and the edge, and reaches no client.
pub const SESSION_HEADER: &str = "stanchion-session";

/// What [`SESSION_HEADER`] says. Words are compared without regard to case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SessionWord {
    /// The fan has bought. Where sessions are admitted while there is room
    /// ([`GateMode::WhenBusy`](crate::policy::gate::GateMode::WhenBusy)), the session ends, so that
    /// its slot is free. Elsewhere the fan may go on until the session's end.
    Bought,
    /// The session ends.
    End,
}

impl SessionWord {
    /// The word as the header has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SessionWord::Bought => "bought",
            SessionWord::End => "end",
        }
    }

    /// The word of one header value. `None`: it means nothing.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<SessionWord> {
        let value = value.trim_ascii();
        let words = [SessionWord::Bought, SessionWord::End];
        words
            .into_iter()
            .find(|word| value.eq_ignore_ascii_case(word.as_str().as_bytes()))
    }
}

/// A network fault. While it is on, it happens to every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkFault {
    /// Nobody listens.
    Refused,
    /// The connection is reset before the request is read.
    ResetUnread,
    /// The connection is reset after the request was read; the dependency does not see it.
    ResetRead,
    /// The connection is reset after the dependency has carried the request out.
    ResetCarriedOut,
    /// The request is read and never answered; the dependency does not see it.
    Silent,
    /// The request is carried out, and not a byte comes back.
    SlowHeaders,
    /// The request is carried out, and half of the answer comes back.
    SlowBody,
    /// Half of an answer that does not say how long it is, and then an orderly end.
    Truncated,
    /// The answer says that it is longer than it is.
    LengthTooLong,
    /// The answer says that it is shorter than it is.
    LengthTooShort,
    /// A 200 with HTML; the dependency does not see the request.
    NotJson,
    /// A 200 with a body of many megabytes.
    Huge,
    /// A 200 whose body, in chunks, has no end.
    Endless,
    /// This status, with HTML.
    Status(u16),
    /// A fixed answer in the dependency's own format.
    Answers(FixedAnswer),
    /// The other side speaks TLS where none is spoken.
    NotHttp,
}

/// A fixed answer in a dependency's own format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedAnswer {
    pub status: u16,
    pub retry_after_s: Option<u32>,
    pub body: &'static str,
}

impl NetworkFault {
    /// Whether the request hangs until the client gives up.
    pub fn hangs(self) -> bool {
        matches!(self, Self::Silent | Self::SlowHeaders | Self::SlowBody)
    }
}

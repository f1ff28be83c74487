//! Reads other servers' answers, up to a limit of bytes.

/// The whole body, or `None` if it is larger than `limit` bytes or breaks off.
pub async fn read_body(mut answer: reqwest::Response, limit: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        if body.len() + chunk.len() > limit {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

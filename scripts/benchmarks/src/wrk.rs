//! wrk: one request over and over, on one thread.

use crate::{measured::Measured, program};

/// Requests a second. Every answer must be a success.
pub(crate) fn requests_per_second(url: &str, header: (&str, &str), connections: u32, seconds: u32) -> Measured<f64> {
    let (connections, duration) = (connections.to_string(), format!("{seconds}s"));
    let header = format!("{}: {}", header.0, header.1);
    let arguments = [
        "--threads",
        "1",
        "--connections",
        &connections,
        "--duration",
        &duration,
        "--header",
        &header,
        url,
    ];
    read(&program::run("wrk", &arguments, &[])?)
}

fn read(printed: &str) -> Measured<f64> {
    let after = |name: &str| printed.lines().find_map(|line| line.trim().strip_prefix(name));
    if let Some(errors) = after("Non-2xx or 3xx responses:").or_else(|| after("Socket errors:")) {
        return Err(format!("wrk saw errors: {}", errors.trim()).into());
    }
    let rate = after("Requests/sec:").ok_or_else(|| format!("wrk printed no rate: {printed}"))?;
    Ok(rate.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "Running 2s test @ http://127.0.0.1:1/\n  1 threads and 32 connections\n\
        \x20 29981 requests in 2.00s, 3.20MB read\nRequests/sec:  14990.11\nTransfer/sec:      1.60MB\n";

    #[test]
    fn the_rate_is_read() {
        assert_eq!(read(PRINTED).unwrap(), 14_990.11);
    }

    #[test]
    fn errors_are_no_rate() {
        for line in [
            "  Non-2xx or 3xx responses: 7\n",
            "  Socket errors: connect 0, read 1, write 0, timeout 0\n",
        ] {
            assert!(read(&PRINTED.replace("Requests/sec", &format!("{line}Requests/sec"))).is_err());
        }
        assert!(read("").is_err());
    }
}

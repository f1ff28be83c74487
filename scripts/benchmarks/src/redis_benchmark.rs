//! redis-benchmark: one command over and over, with random numbers in it.

use url::Url;

use crate::{measured::Measured, program};

/// Replaced by 12 random digits wherever it stands, anew for every command.
pub(crate) const RANDOM: &str = "__rand_int__";

/// What to send how.
pub(crate) struct RedisLoad<'a> {
    pub(crate) url: &'a str,
    pub(crate) connections: usize,
    /// Commands under way at once on each.
    pub(crate) pipeline: usize,
    pub(crate) commands: usize,
    /// Random numbers are below this.
    pub(crate) random_below: u64,
}

/// Commands a second.
pub(crate) fn commands_per_second(load: &RedisLoad<'_>, command: &[String]) -> Measured<f64> {
    let url = Url::parse(load.url)?;
    let port = url.port().unwrap_or(6379).to_string();
    let numbers = [load.connections, load.pipeline, load.commands].map(|number| number.to_string());
    let random_below = load.random_below.to_string();
    let mut arguments = vec!["-h", url.host_str().unwrap_or("127.0.0.1"), "-p", &port, "--csv"];
    arguments.extend([
        "-c",
        &numbers[0],
        "-P",
        &numbers[1],
        "-n",
        &numbers[2],
        "-r",
        &random_below,
    ]);
    arguments.extend(command.iter().map(String::as_str));
    read(&program::run("redis-benchmark", &arguments, &[])?)
}

/// The last line is `"test","rps",…`; the test's name is the command, which has no `","` in it.
fn read(printed: &str) -> Measured<f64> {
    let line = printed.trim_end().lines().last().unwrap_or_default();
    let rate = line
        .split("\",\"")
        .nth(1)
        .ok_or_else(|| format!("redis-benchmark printed no rate: {printed}"))?;
    Ok(rate.trim_matches('"').parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read() {
        let printed = "\"test\",\"rps\",\"avg_latency_ms\"\n\"EVALSHA abc 3 a b c\",\"51234.50\",\"0.812\"\n";
        assert_eq!(read(printed).unwrap(), 51_234.5);
        assert!(read("WARNING: something\n").is_err());
        assert!(read("").is_err());
    }
}

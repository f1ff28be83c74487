//! How much memory this process ever held.

/// Where Linux tells it, in kB.
const STATUS: &str = "/proc/self/status";
const PEAK: &str = "VmHWM:";

/// Most bytes resident at any time.
///
/// # Errors
/// The kernel does not tell.
pub(crate) fn peak() -> Result<u64, String> {
    let status = std::fs::read_to_string(STATUS).map_err(|error| format!("{STATUS} cannot be read: {error}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(PEAK));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes
        .map(|kilobytes| kilobytes * 1024)
        .ok_or_else(|| format!("{STATUS} has no {PEAK} in kB"))
}

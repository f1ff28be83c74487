//! How many connections the load test may open. The limit of open files is respected, not raised: raising it needs unsafe
//! code or the shell's `ulimit -n`, and a thousand sockets serve twenty thousand fans, since fans mostly wait.

/// Files that are open for other reasons: databases, the report, standard streams, the runtime.
const OTHER_FILES: usize = 100;
/// Fewer would make the load test the bottleneck. So many are tried whatever the limit says.
const FEWEST: usize = 16;

/// `wanted`, or fewer if the process may not open as many files.
pub(crate) fn most(wanted: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let allowed = soft_limit(&limits).map_or(wanted, |limit| limit.saturating_sub(OTHER_FILES));
    wanted.min(allowed).max(FEWEST)
}

/// The soft limit in Linux's `/proc/self/limits`; `None` where it is unlimited or there is no such file.
fn soft_limit(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_the_first_number() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n";
        assert_eq!(soft_limit(limits), Some(1_024));
        assert_eq!(soft_limit(&limits.replace("1024", "unlimited")), None);
        assert_eq!(soft_limit(""), None);
    }

    #[test]
    fn there_are_always_some() {
        assert_eq!(most(1), FEWEST);
        assert!(most(1_000) <= 1_000);
    }
}

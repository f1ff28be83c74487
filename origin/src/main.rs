//! The origin's command line. The work is in the library.

fn main() {}

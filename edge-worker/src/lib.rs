//! The waiting room at the edge.

//! A Spin component that does on request what the edge does.

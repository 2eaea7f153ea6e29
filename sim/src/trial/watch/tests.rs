//! Each promise, broken.

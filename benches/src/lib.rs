//! Measures Farreach.

//! CMD-STALE: after a blackout, and after a reader that hung, only a few stale frames arrive.

//! Progress, recap, JSON.

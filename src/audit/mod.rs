//! A release becomes a verdict: what an outsider can compute of what is hidden.
//!
//! It sees what the public sees, and shares no code with [`crate::protect`].

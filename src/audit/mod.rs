//! A release becomes a verdict: what an outsider can compute of what is hidden.
//!
//! It sees what the public sees, and shares no code with [`crate::protect`].
//!
//! 1. [`release`] holds what is published, this time and before. [`knowledge`] makes of it one set
//!    of [`figures`] and relations: all that an outsider knows.
//! 2. A *change* is a set of figures and what each changes by. One that agrees with all that is
//!    known shows that the true figures are not the only possible ones. Whoever protected the
//!    tables proposes changes.
//! 3. They are written in a [`certificate`], and the [`verifier`] says yes or no to it, by additions
//!    only. The public reads a verdict and the hash of the certificate.
//!
//! ```text
//! let knowledge = Knowledge::of(&releases, revision)?;         // from the files of all releases
//! let mut certificate = Certificate::new(header);              // rules, files, known.sha256()
//! for terms in proposed { certificate.push(&Change::new(terms, mirrored)) }
//! verify(&case, &certificate)?;                                // or nothing is published
//! ```

pub mod case;
pub mod certificate;
pub mod component;
pub mod deduction;
pub mod elimination;
pub mod figures;
pub mod graph;
pub mod knowledge;
pub mod proof;
pub mod ratio;
pub mod release;
pub mod search;
pub mod tableau;
pub mod verifier;

#[cfg(test)]
mod test_support;

//! A release becomes a verdict: what an outsider can compute of what is hidden.
//!
//! It sees what the public sees, and shares no code with `protect`.
//!
//! 1. [`release`] holds what is published, this time and before. [`knowledge`] makes of it one set
//!    of [`figures`] and relations: all that an outsider knows. ([`grid`] does so for full tables
//!    of millions of figures.) [`primary`] says from contributions what must not be known.
//! 2. [`attack`] says what can be computed: what follows at once ([`deduction`]), then in each
//!    [`component`] of what is hidden the bridges of a [`graph`], or [`elimination`].
//! 3. A *change* is a set of figures and what each changes by. One that agrees with all that is
//!    known shows that the true figures are not the only possible ones. Whoever protected the
//!    tables proposes changes; [`proof`] takes those that hold, and has a [`search`] find what they
//!    lack, by cycles of the graph or by pivots of a [`tableau`] of exact [`ratio`]s.
//! 4. They are written in a [`certificate`], and the [`verifier`] says yes or no to it for a
//!    [`case`], by additions only. The public reads a verdict and the hash of the certificate.
//! 5. [`mutation`] publishes each secondary figure in turn and says what falls.
//!
//! ```text
//! let knowledge = Knowledge::of(&releases, revision)?;       // from the files of all releases
//! let proof = prove(&case, proposed);                        // a certificate, what is exposed
//! verify(&case, &proof.certificate)?;                        // or nothing is published
//! ```

pub mod attack;
pub mod case;
pub mod certificate;
pub mod component;
pub mod deduction;
pub mod elimination;
pub mod figures;
pub mod graph;
pub mod grid;
pub mod knowledge;
pub mod least;
pub mod mutation;
pub mod primary;
pub mod proof;
pub mod ratio;
pub mod release;
pub mod search;
pub mod tableau;
pub mod verifier;

#[cfg(test)]
mod test_support;

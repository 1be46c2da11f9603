//! A refused record: where it is and why, never what it says.

/// Why a record may be refused before its meaning is known. The column follows after a colon.
pub mod reasons {
    /// The number of fields is not that of the header.
    pub const FIELD_COUNT: &str = "nombre_de_champs";
    /// The last line has no line end and not all its fields.
    pub const TRUNCATED: &str = "ligne_tronquee";
    /// A quote is not closed, or closed in the middle of a field.
    pub const QUOTES: &str = "guillemets";
    /// The bytes are not text in the declared encoding.
    pub const ENCODING: &str = "encodage";
    /// The record is longer than any real one.
    pub const TOO_LONG: &str = "enregistrement_trop_long";
    /// The line is not one JSON object.
    pub const JSON: &str = "json_invalide";
    /// A list or an object where one value was due, or the reverse.
    pub const SHAPE: &str = "forme_inattendue";
    /// A required value is missing.
    pub const MISSING: &str = "manquant";
    /// Not a date, or one that does not exist.
    pub const DATE: &str = "date_invalide";
    /// Not an integer.
    pub const INTEGER: &str = "entier_invalide";
    /// Beyond one billion either way.
    pub const RANGE: &str = "entier_hors_bornes";
    /// Not in the code list.
    pub const CODE: &str = "code_inconnu";
    /// Neither minutes nor a known class.
    pub const DURATION: &str = "duree_invalide";
    /// Not an amount in euros.
    pub const AMOUNT: &str = "montant_invalide";
    /// Neither a rank and a whole nor a number.
    pub const WHOLE: &str = "rang_invalide";
    /// A value with parts that cannot be cut into them.
    pub const NESTED: &str = "valeur_composee_illisible";
    /// Not a SIREN.
    pub const SIREN: &str = "siren_invalide";
    /// Not an identifier.
    pub const IDENTIFIER: &str = "identifiant_invalide";
    /// A subsidy without amount, payment or agreement.
    pub const EMPTY_SUBSIDY: &str = "subvention_vide";

    /// What was expected, in plain French; rules of `pipelines/rules` bring their own.
    #[must_use]
    pub fn expected(reason: &str) -> Option<&'static str> {
        let rule = reason.split(':').next().unwrap_or(reason);
        Some(match rule {
            FIELD_COUNT => "autant de champs que l'en-tête en annonce",
            TRUNCATED => "une dernière ligne complète",
            QUOTES => "des guillemets fermés, doublés à l'intérieur d'un champ",
            ENCODING => "du texte dans l'encodage déclaré de la source",
            TOO_LONG => "un enregistrement de moins d'un mébioctet",
            JSON => "un objet JSON, sans clé répétée",
            SHAPE => "une seule valeur, ou une liste là où la source en déclare une",
            MISSING => "une valeur",
            DATE => "une date qui existe, dans le format déclaré",
            INTEGER => "un nombre entier",
            RANGE => "un nombre entier entre moins un milliard et un milliard",
            CODE => "un code de la liste",
            DURATION => "des minutes ou une classe de durée connue",
            AMOUNT => "un montant en euros",
            WHOLE => "un nombre de participants, ou un rang et un nombre comme 2/5",
            NESTED => "un objet JSON ou EDN complet",
            SIREN => "un SIREN : neuf chiffres avec leur clé",
            EMPTY_SUBSIDY => "une convention, un montant ou un versement",
            IDENTIFIER => "un identifiant de lettres, chiffres et tirets",
            _ => return None,
        })
    }
}

/// One refused record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Line of the source file, or number of its record, from 1.
    pub line: i64,
    /// Where it is, in words; empty until the source is known.
    pub place: String,
    /// All reasons, the primary one first.
    pub reasons: Vec<String>,
    /// Participants; 0 when they could not be read.
    pub participants: i64,
    /// Minutes; 0 when they could not be read, and at ingest, which reads no minutes.
    pub minutes: i64,
}

impl Reject {
    /// A record refused for its shape.
    #[must_use]
    pub fn of_shape(line: i64, reason: &str) -> Self {
        Self {
            line,
            place: String::new(),
            reasons: vec![reason.to_owned()],
            participants: 0,
            minutes: 0,
        }
    }
}

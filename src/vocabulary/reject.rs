//! A refused record: where it is and why, never what it says.

/// Why a record may be refused before its meaning is known. The column follows after a colon.
pub mod reasons {
    use crate::vocabulary::reject::Meaning;

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

    /// What a reason means, in plain French; rules of `pipelines/rules` bring their own.
    #[must_use]
    pub fn meaning(reason: &str) -> Option<Meaning<'static>> {
        let (problem, expected, remedy) = match reason.split(':').next().unwrap_or(reason) {
            FIELD_COUNT => (
                "la ligne n'a pas autant de colonnes que l'en-tête du fichier",
                "autant de champs que l'en-tête en annonce",
                "Cherchez dans la ligne une valeur en trop ou qui manque, souvent un séparateur ou \
                 un retour à la ligne saisi dans un texte, ou refaites l'export.",
            ),
            TRUNCATED => (
                "la fin du fichier est coupée",
                "une dernière ligne complète",
                "L'export ou l'envoi a été interrompu : refaites l'export et renvoyez le fichier \
                 entier.",
            ),
            QUOTES => (
                "un guillemet n'est pas refermé, ou l'est au milieu d'une valeur",
                "des guillemets fermés, doublés à l'intérieur d'un champ",
                "Doublez les guillemets qui font partie d'un texte, ou refaites l'export sans le \
                 modifier : l'outil d'origine sait les écrire.",
            ),
            ENCODING => (
                "des caractères ne sont pas lisibles",
                "du texte dans l'encodage déclaré de la source",
                "Refaites l'export sans le modifier, ou enregistrez le fichier dans l'encodage \
                 convenu, le plus souvent UTF-8.",
            ),
            TOO_LONG => (
                "l'enregistrement est anormalement long",
                "un enregistrement de moins d'un mébioctet",
                "Vérifiez que les enregistrements ne sont pas collés les uns aux autres, puis \
                 refaites l'export.",
            ),
            JSON => (
                "l'enregistrement n'est pas écrit comme du JSON",
                "un objet JSON, sans clé répétée",
                TELL_THE_MAKER,
            ),
            SHAPE => (
                "plusieurs valeurs sont là où une seule est attendue, ou l'inverse",
                "une seule valeur, ou une liste là où la source en déclare une",
                TELL_THE_MAKER,
            ),
            MISSING => (
                "une information obligatoire est vide",
                "une valeur",
                "Complétez cette information dans l'outil de saisie.",
            ),
            DATE => (
                "une date n'existe pas ou n'est pas écrite comme convenu",
                "une date qui existe, dans le format déclaré",
                "Vérifiez le jour, le mois et l'année. Si le fichier a été ouvert dans un tableur, \
                 refaites l'export sans l'ouvrir : un tableur récrit les dates.",
            ),
            INTEGER => (
                "un nombre n'est pas écrit en chiffres",
                "un nombre entier",
                "Écrivez le nombre en chiffres, sans texte ni décimales.",
            ),
            RANGE => (
                "un nombre est démesuré",
                "un nombre entier entre moins un milliard et un milliard",
                "Vérifiez la saisie : un numéro a sans doute pris la place d'un nombre.",
            ),
            CODE => (
                "une valeur n'est pas de la liste prévue",
                "un code de la liste",
                "Choisissez une valeur de la liste dans l'outil de saisie. Si la valeur est juste \
                 et nouvelle, signalez-la : elle sera ajoutée à la liste.",
            ),
            DURATION => (
                "la durée n'est pas lisible",
                "des minutes ou une classe de durée connue",
                "Écrivez la durée en minutes, ou choisissez-la dans la liste.",
            ),
            AMOUNT => (
                "un montant n'est pas lisible",
                "un montant en euros",
                "Écrivez le montant en chiffres, avec deux décimales au plus.",
            ),
            WHOLE => (
                "le nombre de participants n'est pas lisible",
                "un nombre de participants, ou un rang et un nombre comme 2/5",
                "Écrivez le nombre de participants en chiffres.",
            ),
            NESTED => (
                "une valeur composée est coupée ou mal écrite",
                "un objet JSON ou EDN complet",
                TELL_THE_MAKER,
            ),
            SIREN => (
                "un numéro SIREN est faux",
                "un SIREN : neuf chiffres avec leur clé",
                "Recopiez le SIREN depuis l'annuaire des entreprises.",
            ),
            IDENTIFIER => (
                "un identifiant contient des caractères qui n'y sont pas admis",
                "un identifiant de lettres, chiffres et tirets",
                "Reprenez l'identifiant tel que l'outil d'origine l'a créé, sans espace, point ni \
                 accent.",
            ),
            EMPTY_SUBSIDY => (
                "la ligne ne dit ni convention, ni montant, ni versement",
                "une convention, un montant ou un versement",
                "Complétez la ligne, ou retirez-la si elle n'a pas d'objet.",
            ),
            _ => return None,
        };
        Some(Meaning { problem, expected, remedy })
    }

    /// Files that only programs write.
    const TELL_THE_MAKER: &str = "Ce format est écrit par un logiciel : transmettez cette page à \
                                  la personne qui prépare l'export, et demandez-lui de le refaire.";
}

/// What a reason to refuse a record means to those who can put it right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning<'a> {
    /// What is wrong, a clause.
    pub problem: &'a str,
    /// What was expected.
    pub expected: &'a str,
    /// What to do, in sentences.
    pub remedy: &'a str,
}

/// Whether a text may be an identifier: it then says nothing else, to a spreadsheet neither, which
/// takes what begins with a sign for a formula. Hashes of the datalake, in base64, may begin so:
/// the sign at their end makes none of them.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    let is_hash = text.len() == HASH_CHARS && text.ends_with('=');
    let is_formula = text.starts_with(['-', '=']) || (text.starts_with('+') && !is_hash);
    (1..=64).contains(&text.len())
        && !is_formula
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte))
}

/// Length of a SHA-256 in base64.
const HASH_CHARS: usize = 44;

/// One refused record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Line of the source file, or number of its record, from 1.
    pub line: i64,
    /// Where it is, in words; empty until the source is known.
    pub place: String,
    /// The structure it names, as clean files do; none when the record cannot say it.
    pub structure: Option<String>,
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
            structure: None,
            reasons: vec![reason.to_owned()],
            participants: 0,
            minutes: 0,
        }
    }
}

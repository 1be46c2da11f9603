//! Numbers become invented names, notes and places; nothing here names a real person.

use crate::sample::dice::{Dice, mix};

/// Invented personal texts the sample hides in free-text fields; none may leave the pipeline.
///
/// Phone numbers are in ranges kept for fiction by the regulator, e-mails in a reserved domain.
pub const INVENTED_PERSONAL_TEXT: &[&str] = &[
    "Perrine Vaubrunel",
    "Augustin Kerlozrec",
    "Yamina Belhoussard",
    "Théodule Massignac",
    "Rosalie Trapenard",
    "Ismaël Dortignon",
    "perrine.vaubrunel@exemple.invalid",
    "a.kerlozrec@exemple.invalid",
    "belhoussard.y@exemple.invalid",
    "theodule-massignac@exemple.invalid",
    "rosalie.t@exemple.invalid",
    "contact.dortignon@exemple.invalid",
    "06 39 98 01 23",
    "0639980456",
    "01 99 00 78 90",
    "0199001234",
    "02 61 91 55 66",
    "+33 6 39 98 77 88",
    // Parts of the names, for the exports with first and last names apart.
    "Perrine",
    "Augustin",
    "Yamina",
    "Théodule",
    "Rosalie",
    "Ismaël",
    "Vaubrunel",
    "Kerlozrec",
    "Belhoussard",
    "Massignac",
    "Trapenard",
    "Dortignon",
];

/// Whole names at the start of the list above; as many e-mails follow, then as many phones.
const PEOPLE: usize = 6;

/// What exports that name people tell of one.
pub(crate) struct Person {
    pub(crate) first_name: &'static str,
    pub(crate) last_name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) phone: &'static str,
}

/// Gives the person who stands for a number.
pub(crate) fn person(number: u64) -> Person {
    let rank = usize::try_from(number).unwrap_or(0) % PEOPLE;
    let text = |kind: usize| INVENTED_PERSONAL_TEXT.get(kind * PEOPLE + rank).copied();
    let (first_name, last_name) = text(0).and_then(|name| name.split_once(' ')).unwrap_or_default();
    Person {
        first_name,
        last_name,
        email: text(1).unwrap_or_default(),
        phone: text(2).unwrap_or_default(),
    }
}

/// Name of the one natural person among the employers, invented too.
pub const INVENTED_NATURAL_PERSON: &str = "VAUBRUNEL OCTAVIE";

/// Names of places are drawn from these two lists.
const PLACE_STARTS: &[&str] = &[
    "Valmont",
    "Brissac",
    "Montclair",
    "Sauveplane",
    "Roquebelle",
    "Fontvieille",
    "Chantelune",
    "Grandpré",
    "Bourgneuf",
    "Malaucourt",
    "Lavernoise",
    "Pierrelongue",
    "Sainte-Ombeline",
    "Saint-Arbogast",
    "Vieuxpont",
    "Belleroche",
    "Courtefontaine",
    "Hautecombe",
    "Neuvillette",
    "Tremblecourt",
    "Villedoux",
    "Champfleuri",
    "Marsannette",
    "Ormesval",
];
const PLACE_ENDS: &[&str] = &[
    "sur-Orle",
    "sur-Vézane",
    "les-Bains",
    "en-Plaine",
    "la-Forêt",
    "sous-Bois",
    "le-Vieux",
    "lès-Tours",
    "du-Mont",
    "aux-Moines",
    "sur-Lauve",
    "le-Haut",
    "la-Rivière",
    "des-Prés",
    "en-Vallée",
    "sur-Isarne",
];

/// Invents the name of a commune; the same code always has the same name.
pub(crate) fn commune_name(commune_code: &str) -> String {
    let noise = commune_code.bytes().fold(7, |state, byte| mix(&[state, u64::from(byte)]));
    let part = |list: &'static [&'static str], noise: u64| {
        let count = u64::try_from(list.len()).unwrap_or(1).max(1);
        list.get(usize::try_from(noise % count).unwrap_or(0)).copied().unwrap_or_default()
    };
    format!("{}-{}", part(PLACE_STARTS, noise), part(PLACE_ENDS, noise >> 32))
}

/// Draws one of the personal texts.
pub(crate) fn personal_text(dice: &mut Dice) -> &'static str {
    dice.pick(INVENTED_PERSONAL_TEXT.get(..3 * PEOPLE).unwrap_or_default())
}

/// Invents a note with a personal text inside.
pub(crate) fn personal_note(dice: &mut Dice) -> String {
    let text = personal_text(dice);
    match dice.below(5) {
        0 => format!("Rappeler {text} avant jeudi"),
        1 => format!("Dossier de {text}, à revoir"),
        2 => format!("Suivi : {text}"),
        3 => format!("voir avec la fille de {text}"),
        _ => format!("{text} (deuxième visite)"),
    }
}

/// Draws a note without any personal text.
pub(crate) fn plain_note(dice: &mut Dice) -> &'static str {
    dice.pick(&[
        "Première visite",
        "RAS",
        "Atelier avec l'école",
        "Création d'une boîte mail",
        "Déclaration d'impôts en ligne",
        "Mot de passe oublié",
        "Téléphone : sauvegarde des photos",
        "Rendez-vous reporté",
        "Besoin d'un second atelier",
    ])
}

/// Draws the title of a workshop.
pub(crate) fn workshop_title(dice: &mut Dice) -> &'static str {
    dice.pick(&[
        "Premiers clics",
        "Mon smartphone au quotidien",
        "Trier ses photos",
        "Déjouer les arnaques",
        "Écrire un courriel",
        "Ma santé en ligne",
        "Découvrir la tablette",
    ])
}

/// Draws the middle of an association's name.
pub(crate) fn association_purpose(dice: &mut Dice) -> &'static str {
    dice.pick(&[
        "DU PONT NUMERIQUE",
        "LES CLICS SOLIDAIRES",
        "DE LA SOURIS VERTE",
        "LE FIL ET LA TOILE",
        "DES ECRANS PARTAGES",
        "AGORA DES VALLONS",
        "L ATELIER DES PIXELS",
        "CENTRE SOCIAL DES TILLEULS",
        "MJC DU GRAND CHENE",
        "EPN DES QUATRE VENTS",
        "LES PASSEURS DE LIENS",
        "MEDIATHEQUE DU BOURG",
    ])
}

const STREETS: &[&str] = &[
    "RUE DES ECOLES",
    "PLACE DE LA MAIRIE",
    "AVENUE DES TILLEULS",
    "CHEMIN DU LAVOIR",
    "RUE DU PUITS",
    "ALLEE DES GLYCINES",
];

/// Draws a street.
pub(crate) fn street(dice: &mut Dice) -> &'static str {
    dice.pick(STREETS)
}

/// Gives the address that stands for a number: a house number and a street.
pub(crate) fn address(number: u64) -> String {
    let rank = usize::try_from(number).unwrap_or(0) % STREETS.len();
    format!("{} {}", 1 + number % 97, STREETS.get(rank).copied().unwrap_or_default())
}

//! Flags a kept record may bear: odd, but complete.

/// A lost leading zero of a postal code was put back.
pub const CODE_POSTAL_REPARE: &str = "code_postal_repare";
/// The postal code cannot be one and was left out.
pub const CODE_POSTAL_INVALIDE: &str = "code_postal_invalide";
/// A lost leading zero of a commune code was put back.
pub const CODE_COMMUNE_REPARE: &str = "code_commune_repare";
/// The commune code cannot be one and was left out.
pub const CODE_COMMUNE_INVALIDE: &str = "code_commune_invalide";
/// A lost leading zero of a département code was put back.
pub const DEPARTEMENT_REPARE: &str = "departement_repare";
/// The SIRET does not have 14 digits with a valid key.
pub const SIRET_INVALIDE: &str = "siret_invalide";
/// A lost leading zero of a SIRET was put back, as its key proves.
pub const SIRET_REPARE: &str = "siret_repare";
/// The legal category does not have 4 digits and was left out.
pub const CATEGORIE_INVALIDE: &str = "categorie_invalide";
/// A code that does not decide whether the record counts is not in its list and was left out.
pub const CODE_INCONNU: &str = "code_inconnu";
/// A theme is not in the code list.
pub const THEME_INCONNU: &str = "theme_inconnu";
/// The duration was a class and counts for its conventional middle.
pub const DUREE_ESTIMEE: &str = "duree_estimee";
/// No duration was given; it counts for 0 minutes.
pub const DUREE_INCONNUE: &str = "duree_inconnue";
/// The source does not say how many participants came before.
pub const RECURRENTS_INCONNUS: &str = "recurrents_inconnus";
/// Ages add up to more than the participants.
pub const AGES_SUPERIEURS: &str = "ages_superieurs";
/// Statuses add up to more than the participants.
pub const STATUTS_SUPERIEURS: &str = "statuts_superieurs";
/// Genders add up to more than the participants.
pub const GENRES_SUPERIEURS: &str = "genres_superieurs";
/// The structure of the activity is in no list of employers.
pub const STRUCTURE_INCONNUE: &str = "structure_inconnue";
/// The commune code is a former one and was moved to the reference vintage.
pub const COMMUNE_ANCIENNE: &str = "commune_ancienne";
/// The code is that of an arrondissement, or of a delegated or associated commune.
pub const COMMUNE_RATTACHEE: &str = "commune_rattachee";
/// The commune was divided since, and nothing tells which of its heirs is meant.
pub const COMMUNE_DIVISEE: &str = "commune_divisee";
/// The commune was divided since, and the postal code tells which of its heirs is meant.
pub const COMMUNE_PAR_CODE_POSTAL: &str = "commune_par_code_postal";
/// The postal code is of another département than the commune, which decides.
pub const CODE_POSTAL_DIVERGENT: &str = "code_postal_divergent";
/// The postal code is not in the reference.
pub const CODE_POSTAL_INCONNU: &str = "code_postal_inconnu";
/// The commune is not in the reference.
pub const COMMUNE_INCONNUE: &str = "commune_inconnue";
/// The département comes from the postal code.
pub const DEPARTEMENT_PAR_CODE_POSTAL: &str = "departement_par_code_postal";
/// The postal code spans several départements and does not decide.
pub const CODE_POSTAL_AMBIGU: &str = "code_postal_ambigu";
/// The département is that of the employer.
pub const DEPARTEMENT_PAR_EMPLOYEUR: &str = "departement_par_employeur";
/// The département written in the source is not that of the commune.
pub const DEPARTEMENT_DIVERGENT: &str = "departement_divergent";
/// The number of participants was missing and follows from the kind of activity.
pub const PARTICIPANTS_SUPPOSES: &str = "participants_supposes";
/// A group was told by one code: all its participants are in one band.
pub const GROUPE_EN_BLOC: &str = "groupe_en_bloc";
/// A code is used outside the dates for which the list has it.
pub const CODE_HORS_PERIODE: &str = "code_hors_periode";
/// Several accounts of employment answer to the day of the activity.
pub const EMPLOIS_MULTIPLES: &str = "emplois_multiples";
/// The legal category of the employer changed over time; its own record has that of the reference
/// day.
pub const CATEGORIE_CHANGEE: &str = "categorie_changee";
/// The type of the employer is the one it had on the day of the activity, and no more.
pub const TYPE_A_LA_DATE: &str = "type_a_la_date";
/// The label of the employer comes from the public list, by SIRET.
pub const FRANCE_SERVICES_PUBLIQUE: &str = "france_services_publique";
/// The break of series of a system that rebuilt the employers of its records afterwards.
pub const EMPLOYEUR_RECONSTITUE: &str = "employeur_reconstitue";
/// The people known to have attended are not as many as the participants.
pub const PARTICIPANTS_DIVERGENTS: &str = "participants_divergents";
/// The post is said to be given back, without the day.
pub const RENDU_SANS_DATE: &str = "rendu_sans_date";
/// The contract ends before it begins.
pub const FIN_AVANT_DEBUT: &str = "fin_avant_debut";
/// The subsidy is of a post that no line of posts has.
pub const POSTE_INCONNU: &str = "poste_inconnu";
/// More was paid than agreed.
pub const VERSE_SUPERIEUR: &str = "verse_superieur";

//! Every column: name, type, meaning. A name is written here and nowhere else.

/// The type of a column, in memory and in Parquet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text; all codes are text, so that `01` stays `01`.
    Text,
    /// Signed 32-bit count of one record.
    Count,
    /// Signed 64-bit sum.
    Sum,
    /// A Europe/Paris day.
    Day,
    /// Microseconds since 1970, UTC.
    Instant,
}

/// One column of the dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// French `snake_case` without accents.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// One French sentence, written into the Parquet files.
    pub meaning: &'static str,
}

macro_rules! columns {
    ($($id:ident = $name:literal $kind:ident $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $id: Column =
            Column { name: $name, kind: Kind::$kind, meaning: $meaning };)*
        /// The whole dictionary, in reading order.
        pub const ALL: &[&Column] = &[$(&$id),*];
    };
}

columns! {
    // Where a row comes from.
    LIGNE = "ligne" Sum "Numéro de la première ligne de l'enregistrement dans le fichier source, à partir de 1.";
    EMPREINTE = "empreinte" Sum "Empreinte du contenu lu de l'enregistrement ; deux copies exactes ont la même.";
    SYSTEME = "systeme" Text "Système d'origine : legacy (Espace Coop), coop (La Coop), plat (partenaire).";
    DRAPEAUX = "drapeaux" Text "Particularités de l'enregistrement, codes séparés par une barre verticale.";

    RUPTURES = "ruptures" Text "Ruptures de série que l'enregistrement porte, codes séparés par une barre verticale.";

    // Activities.
    ACTIVITE_ID = "activite_id" Text "Pseudonyme de l'activité.";
    COPIE_DE = "copie_de" Text "Pseudonyme du compte rendu de l'Espace Coop dont l'activité est une copie.";
    CONSEILLER_ID = "conseiller_id" Text "Pseudonyme du conseiller.";
    STRUCTURE_ID = "structure_id" Text "Identifiant de la structure employeuse dans le système d'origine.";
    LIEU_STRUCTURE_ID = "lieu_structure_id" Text "Identifiant de la structure où l'activité a eu lieu.";
    DATE = "date" Day "Jour de l'activité, heure de Paris.";
    MOIS = "mois" Text "Mois de l'activité, AAAA-MM.";
    MODIFIE_LE = "modifie_le" Instant "Dernière modification dans le système d'origine.";
    SUPPRIME_LE = "supprime_le" Instant "Suppression dans le système d'origine.";
    TYPE_ACTIVITE = "type_activite" Text "Nature : individuel, collectif, ponctuel.";
    LIEU = "lieu" Text "Lieu : lieu_activite, domicile, a_distance, autre.";
    THEMES = "themes" Text "Thèmes abordés, codes séparés par une barre verticale.";
    THEME = "theme" Text "Thème abordé.";
    DUREE = "duree" Text "Durée telle que saisie : minutes ou classe.";
    DUREE_MINUTES = "duree_minutes" Count "Durée en minutes ; une classe vaut son milieu conventionnel.";
    NB_PARTICIPANTS = "nb_participants" Count "Participants (P).";
    NB_PARTICIPANTS_RECURRENTS = "nb_participants_recurrents" Count "Participants déjà venus (R) ; 0 quand la source ne le dit pas.";
    NB_ACCOMPAGNEMENTS_HISTORIQUE = "nb_accompagnements_historique" Count "P pour un atelier, 1 sinon : formule historique de l'Espace Coop.";
    NB_PERSONNES_HORS_RECURRENTS = "nb_personnes_hors_recurrents" Count "max(P - R, 0).";
    NB_ATELIERS = "nb_ateliers" Count "1 pour une activité collective, 0 sinon.";
    DELAI_SAISIE_JOURS = "delai_saisie_jours" Count "Jours entre l'activité et sa saisie ; vide quand la source ne dit pas l'instant de la saisie.";
    AGE_MOINS_12 = "age_moins_12" Count "Participants de moins de 12 ans.";
    AGE_12_17 = "age_12_17" Count "Participants de 12 à 17 ans (12-18 dans l'Espace Coop).";
    AGE_18_35 = "age_18_35" Count "Participants de 18 à 35 ans (Espace Coop).";
    AGE_35_60 = "age_35_60" Count "Participants de 35 à 60 ans (Espace Coop).";
    AGE_60_PLUS = "age_60_plus" Count "Participants de plus de 60 ans (Espace Coop).";
    AGE_18_24 = "age_18_24" Count "Participants de 18 à 24 ans (La Coop).";
    AGE_25_39 = "age_25_39" Count "Participants de 25 à 39 ans (La Coop).";
    AGE_40_59 = "age_40_59" Count "Participants de 40 à 59 ans (La Coop).";
    AGE_60_69 = "age_60_69" Count "Participants de 60 à 69 ans (La Coop).";
    AGE_70_PLUS = "age_70_plus" Count "Participants de 70 ans et plus (La Coop).";
    AGE_INCONNU = "age_inconnu" Count "Participants dont l'âge n'est pas renseigné.";
    STATUT_SCOLARISE = "statut_scolarise" Count "Participants scolarisés ou étudiants.";
    STATUT_SANS_EMPLOI = "statut_sans_emploi" Count "Participants sans emploi.";
    STATUT_EN_EMPLOI = "statut_en_emploi" Count "Participants en emploi.";
    STATUT_RETRAITE = "statut_retraite" Count "Participants retraités.";
    STATUT_INCONNU = "statut_inconnu" Count "Participants dont le statut n'est pas renseigné ou est hétérogène.";
    GENRE_FEMININ = "genre_feminin" Count "Participantes (La Coop).";
    GENRE_MASCULIN = "genre_masculin" Count "Participants (La Coop).";
    GENRE_INCONNU = "genre_inconnu" Count "Participants dont le genre n'est pas communiqué ; tous ceux de l'Espace Coop.";
    SUITE_INDIVIDUEL = "suite_individuel" Count "Suites données : personnes orientées vers un accompagnement individuel (Espace Coop).";
    SUITE_ATELIER = "suite_atelier" Count "Suites données : personnes orientées vers un atelier (Espace Coop).";
    SUITE_REDIRECTION = "suite_redirection" Count "Suites données : personnes orientées vers une autre structure ; 1 pour une activité de La Coop qui oriente.";
    ORIENTE_VERS_STRUCTURE = "oriente_vers_structure" Text "Si l'activité de La Coop a orienté vers une autre structure.";

    // Dimensions of the tables.
    PERIODE = "periode" Text "Période : mois AAAA-MM, trimestre AAAA-Tn, année AAAA ; vide ou ensemble pour toutes.";
    PROVISOIRE = "provisoire" Text "Si des saisies sont encore attendues sur la période : oui, non.";
    STATUT = "statut" Text "Statut des participants.";
    SUITE = "suite" Text "Suite donnée : individuel, atelier, redirection.";
    TRANCHE_DUREE = "tranche_duree" Text "Tranche de durée de l'activité.";
    TRANCHE_PARTICIPANTS = "tranche_participants" Text "Tranche du nombre de participants de l'activité.";
    TRANCHE_DELAI = "tranche_delai" Text "Tranche du délai entre l'activité et sa saisie.";

    // Deletions, people, contracts.
    CREE_LE = "cree_le" Instant "Instant de la saisie dans le système d'origine.";
    EST_COPIE = "est_copie" Text "Marque des activités recopiées de l'Espace Coop dans La Coop.";
    UTILISATEUR_ID = "utilisateur_id" Text "Pseudonyme du compte de La Coop.";
    CONSEILLER_NUMERIQUE = "conseiller_numerique" Text "Si le compte est celui d'un conseiller numérique : oui, non, inconnu.";
    BENEFICIAIRE_ID = "beneficiaire_id" Text "Pseudonyme du bénéficiaire, ou du participant anonyme.";
    PREMIER = "premier_accompagnement" Text "Si l'accompagnement est le premier du bénéficiaire.";
    GENRE = "genre" Text "Genre des participants.";
    STATUT_SOCIAL = "statut_social" Text "Statut du bénéficiaire, tel que saisi.";
    ANNEE_NAISSANCE = "annee_naissance" Count "Année de naissance du bénéficiaire.";
    DEBUT = "debut" Day "Premier jour.";
    FIN = "fin" Day "Dernier jour ; vide si la période court.";

    // Territory.
    CODE_COMMUNE = "code_commune" Text "Code INSEE de la commune.";
    CODE_POSTAL = "code_postal" Text "Code postal.";
    COMMUNE = "commune" Text "Code INSEE de la commune au millésime de référence.";
    EPCI = "epci" Text "SIREN de l'EPCI à fiscalité propre de la commune.";
    DEPARTEMENT = "departement" Text "Code du département ou de la collectivité d'outre-mer.";
    REGION = "region" Text "Code de la région.";
    DEPARTEMENT_SOURCE = "departement_source" Text "D'où vient le département : commune, structure_lieu, code_postal, employeur, declare, inconnu.";
    DEPARTEMENT_DECLARE = "departement_declare" Text "Code du département écrit dans la source.";

    // Employers.
    SIRET = "siret" Text "SIRET de l'employeur.";
    SIREN = "siren" Text "SIREN de l'employeur.";
    CATEGORIE_JURIDIQUE = "categorie_juridique" Text "Catégorie juridique SIRENE de l'employeur.";
    TYPE_DECLARE = "type_declare" Text "Type déclaré de l'employeur, tel quel.";
    REGLES_NOM = "regles_nom" Text "Règles de nom reconnues dans la dénomination, qui n'est pas gardée.";
    EMPLOYEUR_SOURCE = "employeur_source" Text "D'où vient l'employeur : declare, emploi, reconstitue, inconnu.";
    TYPE_EMPLOYEUR = "type_employeur" Text "Type d'employeur.";
    TYPE_EMPLOYEUR_SOURCE = "type_employeur_source" Text "Ce qui a décidé du type : categorie_juridique, exception, siren_reference, siren_prefixe, nom, type_declare, inconnu.";
    GROUPE_EMPLOYEUR = "groupe_employeur" Text "Groupe du type d'employeur : association, commune, epci, ccas, departement, autre_public, autre_prive, inconnu.";
    COMMUNE_EMPLOYEUR = "commune_employeur" Text "Commune de l'employeur au millésime de référence.";
    EPCI_EMPLOYEUR = "epci_employeur" Text "SIREN de l'EPCI à fiscalité propre de la commune de l'employeur.";
    DEPARTEMENT_EMPLOYEUR = "departement_employeur" Text "Département ou collectivité d'outre-mer de l'employeur.";
    REGION_EMPLOYEUR = "region_employeur" Text "Région de l'employeur.";
    FRANCE_SERVICES = "france_services" Text "Label France Services de l'employeur : oui, non, inconnu.";

    // Public list of employers.
    DATE_VALIDATION = "date_validation" Day "Jour de la validation par le comité de sélection.";
    NB_POSTES = "nb_postes" Count "Postes de conseillers validés.";
    INVESTISSEMENT_CENTIMES = "investissement_centimes" Sum "Investissement estimé de l'État, en centimes d'euro.";
    ZRR = "zrr" Text "Zone de revitalisation rurale, tel que publié.";
    QPV = "qpv" Text "Quartier prioritaire, tel que publié.";
    TRANCHE_AGE = "tranche_age" Text "Tranche d'âge commune aux deux systèmes.";

    // Posts, contracts, subsidies.
    POSTE_ID = "poste_id" Text "Pseudonyme du poste.";
    POSTE_LIGNE_ID = "poste_ligne_id" Text "Pseudonyme de la ligne du poste, à laquelle les subventions se rapportent.";
    PERSONNE_ID = "personne_id" Text "Pseudonyme de la personne en poste ou sous contrat.";
    CONTRAT_ID = "contrat_id" Text "Pseudonyme du contrat.";
    SUBVENTION_ID = "subvention_id" Text "Pseudonyme de la ligne de subvention.";
    TYPOLOGIE = "typologie" Text "Nature du poste : conum (conseiller), coordo (coordinateur), dns.";
    ETAT_DECLARE = "etat_declare" Text "État du poste écrit dans la source, le jour de l'extraction.";
    ETAT_POSTE = "etat_poste" Text "État du poste au jour de référence : occupe, vacant, rendu, transfere (à une autre structure), a_venir.";
    RENOUVELE = "renouvele" Text "Si le poste est renouvelé : oui, non, inconnu.";
    DATE_ATTRIBUTION = "date_attribution" Day "Jour de l'attribution du poste.";
    DATE_RENDU = "date_rendu" Day "Jour où le poste est rendu.";
    SOUS_CONTRAT = "sous_contrat" Text "Si la personne du poste a un contrat en cours au jour de référence, d'après les contrats : oui, non.";
    EMPLOYEUR_ID = "employeur_id" Text "Entité employeuse : SIREN ou, à défaut, identifiant de la structure.";
    EMPLOYEUR_ACTIF_ID = "employeur_actif_id" Text "Entité employeuse, là où le poste n'est ni rendu, ni transféré, ni à venir.";
    NB_POSTES_ATTRIBUES = "nb_postes_attribues" Count "1 pour un poste attribué au jour de référence, chez sa dernière structure ; 0 sinon.";
    NB_POSTES_OCCUPES = "nb_postes_occupes" Count "1 pour un poste occupé, 0 sinon.";
    NB_POSTES_VACANTS = "nb_postes_vacants" Count "1 pour un poste vacant, 0 sinon.";
    NB_POSTES_RENDUS = "nb_postes_rendus" Count "1 pour un poste rendu, 0 sinon.";
    NB_POSTES_SOUS_CONTRAT = "nb_postes_sous_contrat" Count "1 pour un poste occupé ou vacant dont la personne a un contrat en cours, 0 sinon.";
    NB_COORDINATEURS = "nb_coordinateurs" Count "1 pour un poste de coordinateur occupé ou vacant, 0 sinon.";
    TYPE_CONTRAT = "type_contrat" Text "Type de contrat : CDD, CDI, CDP (contrat de projet), PEC (parcours emploi compétences).";
    ETAT_CONTRAT = "etat_contrat" Text "État du contrat au jour de référence : a_venir, en_cours, echu, rompu.";
    DATE_RUPTURE = "date_rupture" Day "Jour de la rupture du contrat.";
    DERNIER_JOUR = "dernier_jour" Day "Dernier jour sous le contrat : son terme, la veille de sa rupture ou celle du contrat suivant de la personne chez l'employeur ; vide si rien n'y met fin.";
    ECHEANCE = "echeance" Text "Mois du terme prévu du contrat, AAAA-MM.";
    ANNEE_ECHEANCE = "annee_echeance" Text "Année du terme prévu du contrat.";
    RANG_CONTRAT = "rang_contrat" Text "Rang du contrat de la personne chez l'employeur : 1 (premier), 2 (premier renouvellement), …";
    SALARIE_ID = "salarie_id" Text "Personne du contrat, si le contrat est en cours.";
    NB_CONTRATS_EN_COURS = "nb_contrats_en_cours" Count "1 pour un contrat commencé, ni rompu ni échu au jour de référence ; 0 sinon.";
    NB_CONTRATS_NON_ROMPUS = "nb_contrats_non_rompus" Count "1 pour un contrat commencé et non rompu, même échu ; 0 sinon.";
    NB_ECHEANCES = "nb_echeances" Count "1 pour un contrat en cours qui a un terme ; 0 sinon.";
    NB_RENOUVELLEMENTS_DUS = "nb_renouvellements_dus" Count "1 pour un contrat en cours qui a un terme et qu'aucun contrat de la personne chez l'employeur ne suit ; 0 sinon.";
    SOURCE_FINANCEMENT = "source_financement" Text "Qui finance : dgcl, dge, ditp.";
    ENVELOPPE = "enveloppe" Text "Enveloppe : v1 (France Relance, DGCL), v2 (renouvellement, DGE ou DITP).";
    DEBUT_CONVENTION = "debut_convention" Day "Premier jour de la convention.";
    FIN_CONVENTION = "fin_convention" Day "Dernier jour de la convention.";
    DEBUT_CONVENTION_DGCL = "debut_convention_dgcl" Day "Premier jour de la convention avec la DGCL.";
    FIN_CONVENTION_DGCL = "fin_convention_dgcl" Day "Dernier jour de la convention avec la DGCL.";
    DEBUT_CONVENTION_DGE = "debut_convention_dge" Day "Premier jour de la convention avec la DGE.";
    FIN_CONVENTION_DGE = "fin_convention_dge" Day "Dernier jour de la convention avec la DGE.";
    DEBUT_CONVENTION_DITP = "debut_convention_ditp" Day "Premier jour de la convention avec la DITP.";
    FIN_CONVENTION_DITP = "fin_convention_ditp" Day "Dernier jour de la convention avec la DITP.";
    ANNEE_CONVENTION = "annee_convention" Text "Année du premier jour de la convention.";
    SUBVENTION = "subvention_centimes" Sum "Subvention, en centimes d'euro, pour une source qui ne nomme qu'un financeur.";
    BONIFICATION = "bonification_centimes" Sum "Bonification, en centimes d'euro.";
    SUBVENTION_V1 = "subvention_v1_centimes" Sum "Subvention de l'enveloppe v1, en centimes d'euro.";
    VERSEMENT_V1 = "versement_v1_centimes" Sum "Versement de l'enveloppe v1, en centimes d'euro.";
    AVOIR_V1 = "avoir_v1_centimes" Sum "Avoir de l'enveloppe v1, en centimes d'euro.";
    SUBVENTION_V2 = "subvention_v2_centimes" Sum "Subvention de l'enveloppe v2, en centimes d'euro.";
    AVOIR_V2 = "avoir_v2_centimes" Sum "Avoir de l'enveloppe v2, en centimes d'euro.";
    VERSEMENT_1 = "versement_1_centimes" Sum "Premier versement, en centimes d'euro.";
    VERSEMENT_2 = "versement_2_centimes" Sum "Deuxième versement, en centimes d'euro.";
    VERSEMENT_3 = "versement_3_centimes" Sum "Troisième versement, en centimes d'euro.";
    DATE_VERSEMENT_1 = "date_versement_1" Day "Jour du premier versement.";
    DATE_VERSEMENT_2 = "date_versement_2" Day "Jour du deuxième versement.";
    DATE_VERSEMENT_3 = "date_versement_3" Day "Jour du troisième versement.";
    CONVENTIONNE = "conventionne_centimes" Sum "Montant conventionné : subvention et bonification de la convention dont le terme est le plus tardif, en centimes d'euro.";
    VERSE = "verse_centimes" Sum "Versements faits au jour de référence, tous ajoutés, en centimes d'euro.";
    RESTE = "reste_centimes" Sum "Montant conventionné moins versements, en centimes d'euro ; négatif si l'on a versé davantage.";
    AVOIR = "avoir_centimes" Sum "Avoirs, en centimes d'euro ; ni ajoutés au montant ni retranchés.";

    // Key figures.
    ORDRE = "ordre" Count "Rang du chiffre dans la présentation.";
    CHIFFRE = "chiffre" Text "Nom du chiffre.";
    LIBELLE = "libelle" Text "Intitulé du chiffre.";
    DEFINITION = "definition" Text "Ce que le chiffre compte, et d'après quoi.";
    UNITE = "unite" Text "Unité.";
    VALEUR = "valeur" Sum "Valeur au jour de référence ; numérateur d'une part.";
    DENOMINATEUR = "denominateur" Sum "Dénominateur d'une part ; vide sinon.";
    VALEUR_PUBLIEE = "valeur_publiee" Sum "Valeur publiée, dans l'unité du chiffre ; un pourcentage pour une part.";
    PUBLIE = "publie" Text "Ce qui est publié, en toutes lettres.";
    PUBLIE_LE = "publie_le" Text "Jour auquel la valeur publiée se rapporte.";
    CONCORDE = "concorde" Text "Si la valeur est celle qui est publiée, au jour de la publication : oui, non ; vide à un autre jour.";

    // What posts cost, and what the State gives of it.
    ANNEE_COUT = "annee_cout" Text "Année des jours qui comptent ; inconnu pour une convention sans dates, ensemble pour toutes.";
    JOURS_CONTRAT = "jours_contrat" Sum "Jours sous contrat de travail, jusqu'au jour de référence.";
    ETAT_CONVENTIONNE = "etat_conventionne_centimes" Sum "Part des montants conventionnés qui revient aux jours de l'année, jusqu'au jour de référence, en centimes d'euro.";
    ETAT_VERSE = "etat_verse_centimes" Sum "Part des versements faits qui revient aux jours de l'année, jusqu'au jour de référence, en centimes d'euro.";

    // Renewal scenarios: what `conum scenario` says of a year and an employer type.
    ANNEE_SCENARIO = "annee_scenario" Text "Année du scénario, ou ensemble pour toutes.";
    NB_POSTES_MAINTENUS = "nb_postes_maintenus" Sum "Postes qui continuent dans l'année ; vide pour l'ensemble des années.";
    COUT = "cout_centimes" Sum "Coût des postes, en centimes d'euro.";
    COUT_ETAT = "etat_centimes" Sum "Ce que l'État paie du coût, en centimes d'euro.";
    COFINANCEMENT = "cofinancement_centimes" Sum "Ce que les employeurs ont à trouver ailleurs, en centimes d'euro : coût moins part de l'État.";
    PART_ETAT = "part_etat_pourcent" Sum "Part de l'État dans le coût, en pour cent, arrondie à l'unité.";
    NB_POSTES_A_RISQUE = "nb_postes_a_risque" Sum "Postes à risque dans l'année, d'après la règle du scénario ; vide pour l'ensemble des années.";

    // Rejects and ledger.
    ETAPE = "etape" Text "Étape : ingest, clean, aggregate.";
    SOURCE = "source" Text "Nom de la source déclarée dans pipelines/sources.";
    SEGMENT = "segment" Text "Empreinte du fichier source.";
    EMPLACEMENT = "emplacement" Text "Où est l'enregistrement dans le fichier : ligne, élément d'une liste JSON, feuille et ligne.";
    RAISON = "raison" Text "Première raison du rejet.";
    RAISONS = "raisons" Text "Toutes les raisons du rejet, séparées par une barre verticale.";
    DEVENIR = "devenir" Text "Ce que les lignes sont devenues : entree, gardee, rejetee, doublon, regroupee, remplacee, supprimee, avis_de_suppression, copie_migree, ecartee, corrigee.";
    LIGNES = "lignes" Sum "Nombre de lignes.";
    PARTICIPANTS = "participants" Sum "Somme des participants.";
    MINUTES = "minutes" Sum "Somme des minutes.";

    // Statistical secrecy. All but the first is internal.
    SECRET = "secret" Text "Signe qui remplace les chiffres masqués de la ligne par le secret statistique ; vide quand ils sont publiés.";
    CLE = "cle" Text "Ligne d'une diffusion : ses dimensions et leurs codes, sans les totaux.";
    STATUT_SECRET = "statut_secret" Text "Statut interne : A trop peu d'unités, B dominance, D secret secondaire, V diffusé.";
    DEPUIS = "depuis" Text "Première diffusion où la ligne a ce statut, AAAA-MM-JJ.";
    NB_UNITES = "nb_unites" Sum "Employeurs qui contribuent au chiffre.";
    CONTRIBUTIONS = "contributions" Sum "Somme des contributions, sans leur signe.";
    PREMIERE = "premiere" Sum "Plus grande contribution d'un employeur.";
    DEUXIEME = "deuxieme" Sum "Deuxième contribution.";
    TROISIEME = "troisieme" Sum "Troisième contribution.";
    NB_PERSONNES = "nb_personnes" Sum "Personnes de la ligne, d'après ce que les données en disent.";
    SEUL = "seul" Text "Employeur dont vient toute la ligne.";
    MASQUE_LIE = "masque_lie" Text "oui pour une ligne jamais diffusée, qui ne fait que relier les autres.";

    // Coverage of employers, reconciliation of tables.
    ETAT_COUVERTURE = "etat_couverture" Text "Ce que le mois est pour l'employeur : actif, silencieux (sans activité entre deux mois actifs), pas_encore (avant le premier), termine (après le dernier).";
    PREMIER_MOIS = "premier_mois" Text "Premier mois où l'employeur a une activité, AAAA-MM.";
    DERNIER_MOIS = "dernier_mois" Text "Dernier mois où l'employeur a une activité, AAAA-MM.";
    NB_ACTIVITES = "nb_activites" Sum "Nombre d'activités.";
    NB_MOIS_ACTIFS = "nb_mois_actifs" Sum "Mois où l'employeur a une activité.";
    NB_MOIS_SILENCIEUX = "nb_mois_silencieux" Sum "Mois sans activité entre le premier et le dernier.";
    NB_MOIS_DEPUIS = "nb_mois_depuis" Sum "Mois écoulés du dernier mois à celui du jour de référence.";
    TABLE = "table" Text "Table contrôlée, ou dont le chiffre est tiré.";
    AUTRE_TABLE = "autre_table" Text "Table à laquelle elle est comparée ; la même quand ses lignes le sont à leurs totaux.";
    DIMENSIONS = "dimensions" Text "Dimensions communes ou, dans une même table, celle dont les lignes sont ajoutées.";
    INDICATEUR = "indicateur" Text "Indicateur comparé.";
    CELLULES = "cellules" Sum "Nombre de cellules comparées.";
    CAUSE = "cause" Text "Pourquoi le chiffre a changé : arrivee, modification, suppression, correction, referentiel, regle.";
    VALEUR_AVANT = "valeur_avant" Sum "Chiffre de l'exécution précédente.";
    ECART = "ecart" Sum "Part de la différence qui vient de cette cause ; vide pour un indicateur qui ne s'additionne pas.";
    J1 = "j1" Sum "Chiffre de la dernière exécution au plus un jour après la fin de la période.";
    J7 = "j7" Sum "Chiffre de la dernière exécution au plus sept jours après la fin de la période.";
    J30 = "j30" Sum "Chiffre de la dernière exécution au plus trente jours après la fin de la période.";
    J90 = "j90" Sum "Chiffre de la dernière exécution au plus quatre-vingt-dix jours après la fin de la période.";
    ATTENDU = "attendu" Sum "Chiffre que le passé de la cellule laissait attendre, le plus proche du chiffre, arrondi à l'unité.";
    SCORE = "score_centiemes" Sum "Distance au chiffre attendu, en centièmes de la dispersion habituelle de la cellule ; 9999 au plus, et depuis ou vers zéro.";
    SENS = "sens" Text "Sens de l'écart au chiffre attendu : hausse, baisse.";
    ECARTS = "ecarts" Sum "Nombre de cellules qui diffèrent : aucune n'est attendue.";
}

/// The column of this name, if the dictionary has it.
#[must_use]
pub fn find(name: &str) -> Option<&'static Column> {
    ALL.iter().copied().find(|column| column.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_short_and_plain_ascii() {
        for (i, column) in ALL.iter().enumerate() {
            assert!(column.name.len() <= 32, "{}", column.name);
            assert!(
                column
                    .name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            );
            assert!(ALL[i + 1..].iter().all(|other| other.name != column.name), "{}", column.name);
        }
    }
}

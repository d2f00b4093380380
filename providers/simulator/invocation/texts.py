"""What the products say, in the languages a host may have: the engine must never judge by any of these words.

Wording follows the products where it is published (DOMAIN 9.1) and is otherwise ours. A language that is missing here
speaks English, as a server without the language pack does.
"""

from __future__ import annotations

from collections.abc import Mapping

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "default-policy": {
        "en": "{plan} Default Policy",
        "de": "{plan} Standardrichtlinie",
        "fr": "{plan} Stratégie par défaut",
    },
    "command-not-found": {
        "en": "The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable "
        "program. Check the spelling of the name, or if a path was included, verify that the path is correct and "
        "try again.",
        "de": 'Die Benennung "{name}" wurde nicht als Name eines Cmdlet, einer Funktion, einer Skriptdatei oder '
        "eines ausführbaren Programms erkannt. Überprüfen Sie die Schreibweise des Namens.",
    },
    "parameter-not-found": {
        "en": "A parameter cannot be found that matches parameter name '{name}'.",
        "de": 'Es wurde kein Parameter gefunden, der dem Parameternamen "{name}" entspricht.',
    },
    "parameter-ambiguous": {
        "en": "Parameter cannot be processed because the parameter name '{name}' is ambiguous. Possible matches "
        "include: {matches}.",
        "de": 'Der Parameter kann nicht verarbeitet werden, da der Parametername "{name}" nicht eindeutig ist. '
        "Mögliche Übereinstimmungen: {matches}.",
    },
    "parameter-twice": {
        "en": "Cannot bind parameter because parameter '{name}' is specified more than once.",
        "de": 'Der Parameter kann nicht gebunden werden, da der Parameter "{name}" mehrmals angegeben wurde.',
    },
    "positional-not-found": {
        "en": "A positional parameter cannot be found that accepts argument '{value}'.",
        "de": 'Es wurde kein Positionsparameter gefunden, der das Argument "{value}" akzeptiert.',
    },
    "parameter-sets": {
        "en": "Parameter set cannot be resolved using the specified named parameters.",
        "de": "Der Parametersatz kann mit den angegebenen benannten Parametern nicht aufgelöst werden.",
    },
    "missing-mandatory": {
        "en": "Cannot process command because of one or more missing mandatory parameters: {names}.",
        "de": "Der Befehl kann nicht verarbeitet werden, da mindestens ein erforderlicher Parameter fehlt: {names}.",
    },
    "cannot-convert": {
        "en": "Cannot process argument transformation on parameter '{name}'. Cannot convert value \"{value}\" to type "
        '"{type}".',
        "de": 'Die Argumenttransformation für den Parameter "{name}" kann nicht verarbeitet werden. Der Wert "{value}" '
        'kann nicht in den Typ "{type}" konvertiert werden.',
    },
    "null-argument": {
        "en": "Cannot bind argument to parameter '{name}' because it is null.",
        "de": 'Das Argument kann nicht an den Parameter "{name}" gebunden werden, da es NULL ist.',
    },
    "not-found": {
        "en": "The operation couldn't be performed because object '{name}' couldn't be found on '{dc}'.",
        "de": 'Der Vorgang konnte nicht ausgeführt werden, da das Objekt "{name}" auf "{dc}" nicht gefunden wurde.',
    },
    "ambiguous": {
        "en": "The operation couldn't be performed because '{name}' matches multiple entries.",
        "de": 'Der Vorgang konnte nicht ausgeführt werden, weil "{name}" mit mehreren Einträgen übereinstimmt.',
    },
    "already-exists": {
        "en": "Active Directory operation failed on {dc}. The object '{name}' already exists.",
        "de": 'Active Directory-Vorgang auf {dc} fehlgeschlagen. Das Objekt "{name}" ist bereits vorhanden.',
    },
    "dc-unavailable": {
        "en": "Active Directory server {dc} is not available. Please retry at a later time.",
        "de": "Der Active Directory-Server {dc} ist nicht verfügbar. Versuchen Sie es später erneut.",
    },
    "access-denied": {
        "en": "Active Directory operation failed on {dc}. This error is not retriable. Additional information: "
        "Insufficient access rights to perform the operation. Active directory response: 00002098: SecErr: "
        "DSID-03150BB9, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0",
        "de": "Active Directory-Vorgang auf {dc} fehlgeschlagen. Dieser Fehler kann nicht behoben werden. Zusätzliche "
        "Informationen: Unzureichende Zugriffsrechte. Active Directory-Antwort: 00002098: SecErr: DSID-03150BB9, "
        "problem 4003 (INSUFF_ACCESS_RIGHTS), data 0",
    },
    "throttled": {
        "en": "The user load quota of 1000 requests per 2 seconds has been exceeded.",
        "de": "Das Benutzerauslastungskontingent von 1000 Anforderungen pro 2 Sekunden wurde überschritten.",
    },
    "invalid-name": {
        "en": "The value \"{value}\" of property '{name}' is not valid.",
        "de": 'Der Wert "{value}" der Eigenschaft "{name}" ist ungültig.',
    },
    "out-of-range": {
        "en": "The value \"{value}\" of '{name}' must be between {low} and {high}.",
        "de": 'Der Wert "{value}" von "{name}" muss zwischen {low} und {high} liegen.',
    },
    "policy-not-generated": {
        "en": "The UM mailbox policy for UM dial plan '{name}' couldn't be generated because its name would be "
        "longer than 64 characters.",
        "de": 'Die UM-Postfachrichtlinie für den UM-Wählplan "{name}" konnte nicht generiert werden, da ihr Name '
        "länger als 64 Zeichen wäre.",
    },
    "number-taken": {
        "en": "The telephone number '{number}' is already assigned to '{other}'.",
        "de": 'Die Telefonnummer "{number}" ist bereits "{other}" zugewiesen.',
    },
    "bad-e164": {
        "en": "'{number}' isn't a valid E.164 number.",
        "de": '"{number}" ist keine gültige E.164-Nummer.',
    },
    "plan-in-use": {
        "en": "UM dial plan '{name}' can't be removed because it is associated with {by}.",
        "de": 'Der UM-Wählplan "{name}" kann nicht entfernt werden, da er mit {by} verknüpft ist.',
    },
    "policy-in-use": {
        "en": "UM mailbox policy '{name}' can't be removed because it is used by UM-enabled users.",
        "de": 'Die UM-Postfachrichtlinie "{name}" kann nicht entfernt werden, da UM-aktivierte Benutzer sie verwenden.',
    },
    "attendant-in-use": {
        "en": "UM auto attendant '{name}' is the default auto attendant of UM dial plan '{plan}'.",
        "de": 'Die automatische UM-Telefonzentrale "{name}" ist die Standardtelefonzentrale des UM-Wählplans "{plan}".',
    },
    "not-sip-plan": {
        "en": "UM dial plan '{name}' isn't a SIP URI dial plan and can't be associated with server '{server}'.",
        "de": 'Der UM-Wählplan "{name}" ist kein SIP-URI-Wählplan und kann dem Server "{server}" nicht '
        "zugeordnet werden.",
    },
    "already-enabled": {
        "en": "'{name}' is already enabled.",
        "de": '"{name}" ist bereits aktiviert.',
    },
    "already-disabled": {
        "en": "'{name}' is already disabled.",
        "de": '"{name}" ist bereits deaktiviert.',
    },
    "already-um-enabled": {
        "en": "User {name} is already enabled for Unified Messaging.",
        "de": "Der Benutzer {name} ist bereits für Unified Messaging aktiviert.",
    },
    "not-um-enabled": {
        "en": "User {name} isn't enabled for Unified Messaging.",
        "de": "Der Benutzer {name} ist nicht für Unified Messaging aktiviert.",
    },
    "extension-taken": {
        "en": "Extension {extension} is already assigned to another user on dial plan {plan} or on an equivalent dial "
        "plan.",
        "de": "Die Durchwahl {extension} ist bereits einem anderen Benutzer im Wählplan {plan} oder in einem "
        "gleichwertigen Wählplan zugewiesen.",
    },
    "extension-digits": {
        "en": "The extension {extension} isn't valid for dial plan {plan}: it must have {digits} digits.",
        "de": "Die Durchwahl {extension} ist für den Wählplan {plan} ungültig: Sie muss {digits} Ziffern haben.",
    },
    "no-extension": {
        "en": "An extension number can't be generated for the user. Please specify the Extensions parameter.",
        "de": "Für den Benutzer kann keine Durchwahl generiert werden. Geben Sie den Parameter Extensions an.",
    },
    "sip-required": {
        "en": "A SIP resource identifier is required because dial plan {plan} is of type {type}.",
        "de": "Eine SIP-Ressourcen-ID ist erforderlich, da der Wählplan {plan} vom Typ {type} ist.",
    },
    "sip-invalid": {
        "en": "'{value}' isn't a valid SIP resource identifier.",
        "de": '"{value}" ist keine gültige SIP-Ressourcen-ID.',
    },
    "sip-taken": {
        "en": "The SIP address {value} is already assigned to another user on dial plan {plan}.",
        "de": "Die SIP-Adresse {value} ist bereits einem anderen Benutzer im Wählplan {plan} zugewiesen.",
    },
    "pin-invalid": {
        "en": "The PIN doesn't meet the requirements of the UM mailbox policy: it must have {low} to 24 digits and "
        "must not be a common pattern.",
        "de": "Die PIN entspricht nicht den Anforderungen der UM-Postfachrichtlinie: Sie muss {low} bis 24 Ziffern "
        "haben und darf kein gängiges Muster sein.",
    },
    "other-plan": {
        "en": "The policy '{name}' belongs to another dial plan. Disable the user for Unified Messaging first.",
        "de": 'Die Richtlinie "{name}" gehört zu einem anderen Wählplan. Deaktivieren Sie zuerst Unified Messaging.',
    },
    "more-results": {
        "en": "There are more results available than are currently displayed. To view them, increase the value for the "
        "ResultSize parameter.",
        "de": "Es sind mehr Ergebnisse verfügbar, als derzeit angezeigt werden. Erhöhen Sie den Wert des Parameters "
        "ResultSize, um sie anzuzeigen.",
    },
    "what-if": {
        "en": 'What if: Performing operation "{name}" on Target "{target}".',
        "de": 'WhatIf: Ausführen des Vorgangs "{name}" für das Ziel "{target}".',
    },
    "fallback-needs-speech": {
        "en": "A DTMF fallback auto attendant can only be set when speech is enabled on '{name}'.",
        "de": 'Eine DTMF-Ersatztelefonzentrale kann nur festgelegt werden, wenn für "{name}" Sprache aktiviert ist.',
    },
    "cs-not-found": {
        "en": 'Cannot find "{name}" because it does not exist.',
        "de": '"{name}" wurde nicht gefunden, da es nicht vorhanden ist.',
    },
    "cs-user-not-found": {
        "en": 'Management object not found for identity "{name}".',
        "de": 'Für die Identität "{name}" wurde kein Verwaltungsobjekt gefunden.',
    },
    "cs-exists": {
        "en": '"{name}" already exists in document "UserPolicies".',
        "de": '"{name}" ist im Dokument "UserPolicies" bereits vorhanden.',
    },
    "cs-simple-name": {
        "en": 'The SimpleName "{value}" is already used by "{other}" or is not valid.',
        "de": 'Der SimpleName "{value}" wird bereits von "{other}" verwendet oder ist ungültig.',
    },
    "no-service": {
        "en": "Cannot find any service with service name '{name}'.",
        "de": 'Es kann kein Dienst mit dem Dienstnamen "{name}" gefunden werden.',
    },
    "service-disabled": {
        "en": "Cannot start service '{name}': it is disabled.",
        "de": 'Der Dienst "{name}" kann nicht gestartet werden: Er ist deaktiviert.',
    },
    "dependent-services": {
        "en": "Cannot stop service '{name}' because it has dependent services. It can only be stopped if the Force "
        "flag is set.",
        "de": 'Der Dienst "{name}" kann nicht beendet werden, da er über abhängige Dienste verfügt. Er kann nur '
        "beendet werden, wenn das Force-Flag festgelegt ist.",
    },
    "waiting-for-quorum": {
        "en": "Service {name} on {host} is still starting: its pool has too few running Front Ends.",
        "de": "Der Dienst {name} auf {host} wird noch gestartet: Im Pool sind zu wenige Front-Ends aktiv.",
    },
    "no-remote": {
        "en": "Cannot open Service Control Manager on computer '{host}'.",
        "de": 'Der Dienstkontroll-Manager auf dem Computer "{host}" kann nicht geöffnet werden.',
    },
    "script-gc": {
        "en": "Using Global Catalog: {gc}",
        "de": "Verwendeter globaler Katalog: {gc}",
    },
    "script-no-groups": {
        "en": "Error: The Communications Server groups could not be found in forest {forest}.",
        "de": "Fehler: Die Communications Server-Gruppen wurden in der Gesamtstruktur {forest} nicht gefunden.",
    },
    "script-no-pools": {
        "en": "Error: No Communications Server pools could be found.",
        "de": "Fehler: Es wurden keine Communications Server-Pools gefunden.",
    },
    "script-denied": {
        "en": "Error: Access is denied. Could not bind to {gc} as {user}.",
        "de": "Fehler: Zugriff verweigert. Bindung an {gc} als {user} nicht möglich.",
    },
    "script-failed": {"en": "Error: {message}", "de": "Fehler: {message}"},
    "script-permissions": {"en": "Configuring permissions for {group} ...", "de": "Berechtigungen für {group} ..."},
    "script-gateway-created": {"en": "Created UMIPGateway {name}", "de": "UMIPGateway {name} wurde erstellt"},
    "script-headings": {
        "en": "ObjectName|AccessRights|Configured|PoolFqdn|UMIPGateway|DialPlans",
        "de": "Objektname|Zugriffsrechte|Konfiguriert|Poolname|UMIPGateway|Wählpläne",
    },
    "script-none": {"en": "(not found)", "de": "(nicht gefunden)"},
    "yes": {"en": "Yes", "de": "Ja"},
    "no": {"en": "No", "de": "Nein"},
    "welcome": {
        "en": "Welcome to Unified Messaging",
        "de": "Willkommen bei Unified Messaging",
    },
}


def told(key: str, culture: str, /, **values: object) -> str:
    """Return the text ``key`` in the language of ``culture`` (``de-DE``), filled with ``values``."""
    by_language = _TEXTS[key]
    return by_language.get(culture[:2].lower(), by_language["en"]).format(**values)

/** One entry of the registry: the HTTP status (500 where no request is involved), the public sentence, and what to do next. */
export type ErrorEntry = { readonly status: number; readonly message: string; readonly fix: string }

/**
 * Every error code of Parapet. `docs/reference/errors.md` is generated from this list and a test holds both together.
 * Messages are public: they never hold a value that came in.
 */
export const ERRORS = {
  // input
  PPT_BODY_MALFORMED: { status: 400, message: 'The body is not valid', fix: 'Send JSON or NDJSON in UTF-8, as the Content-Type says.' },
  PPT_BODY_TOO_LARGE: { status: 413, message: 'The body is too large', fix: 'Send smaller batches; the limit is in the detail.' },
  PPT_MEDIA_TYPE: { status: 415, message: 'The content type is not supported', fix: 'Send application/json or application/x-ndjson.' },
  PPT_INVALID: { status: 422, message: 'A value is not allowed', fix: 'The detail names the field and what it takes.' },
  PPT_NOT_FOUND: { status: 404, message: 'There is nothing here', fix: 'Check the path and the id.' },
  PPT_CONFLICT: { status: 409, message: 'The thing has changed or exists already', fix: 'Read it again, then decide.' },
  PPT_REQUEST: { status: 400, message: 'The request is not valid', fix: 'Check the method, the path and the headers.' },
  PPT_EVENT_INVALID: {
    status: 422,
    message: 'The event is not valid',
    fix: 'The detail names the field; the other events of the batch were taken.',
  },
  PPT_EVENT_TOO_LARGE: { status: 422, message: 'The event is over 64 KiB', fix: 'Cut long fields at the sender.' },
  PPT_ADDRESS_INVALID: {
    status: 422,
    message: 'This is not an IP address or range',
    fix: 'Write 203.0.113.7, 2001:db8::1 or a range such as 203.0.113.0/24.',
  },
  // who asks
  PPT_UNAUTHENTICATED: {
    status: 401,
    message: 'Sign in or send a token',
    fix: 'Send Authorization: Bearer with a token that is not expired.',
  },
  PPT_TOKEN_INVALID: {
    status: 401,
    message: 'The token is unknown, expired or revoked',
    fix: 'Create a new token in the console or with parapet.',
  },
  PPT_SIGNATURE_INVALID: {
    status: 401,
    message: 'The signature of the agent is missing or not right',
    fix: 'Check the clock of the host; if its key was lost or replaced, enrol the agent again with a new one-time token.',
  },
  PPT_FORBIDDEN: {
    status: 403,
    message: 'You may not do this',
    fix: 'Ask an admin for the role or a token with the scope named in the detail.',
  },
  PPT_CSRF: {
    status: 403,
    message: 'The request came from another site',
    fix: 'Send it from the page of the console itself, or use a token.',
  },
  PPT_SIGN_IN_FAILED: {
    status: 401,
    message: 'The name or the password is wrong',
    fix: 'Try again; after several failures the sign-in pauses for a while.',
  },
  PPT_STEP_UP: {
    status: 401,
    message: 'Prove once more who you are',
    fix: 'This act asks for a sign-in of the last ten minutes: give a code, a passkey or the password, then send it again.',
  },
  PPT_FACTOR_FAILED: {
    status: 401,
    message: 'The code or the passkey is not right',
    fix: 'Each code works once: wait for the next one. Check that the clock of the device is right.',
  },
  PPT_SIGN_IN_OVER: {
    status: 401,
    message: 'This sign-in has run out',
    fix: 'Begin again with the name and the password.',
  },
  PPT_FACTOR_REQUIRED: {
    status: 403,
    message: 'A second factor is required first',
    fix: 'Set up an authenticator app or a passkey on the account page; then everything opens.',
  },
  PPT_RESET_LINK: {
    status: 403,
    message: 'The one-time link was used, has run out or is not the newest',
    fix: 'Ask an admin to reset the account again, or run parapet operators recover on the machine of the control plane.',
  },
  PPT_ACKNOWLEDGE_LINK: {
    status: 403,
    message: 'The link was used, has run out or is not ours',
    fix: 'Sign in to the console and look at Notifications: it shows who acknowledged what, and lets you do it.',
  },
  PPT_SETUP_LINK: {
    status: 403,
    message: 'The one-time link was used or is not the newest',
    fix: 'Run parapet init on the machine of the control plane for a new one.',
  },
  PPT_BLOCKED: {
    status: 403,
    message: 'Access is denied',
    fix: 'If this is a mistake, give the operator of this site the reference in instance.',
  },
  PPT_CHALLENGE_REQUIRED: {
    status: 401,
    message: 'A browser has to solve a puzzle first',
    fix: 'Open the site in a browser once; programs use a network that is not under a challenge, or sign in.',
  },
  PPT_STEP_UP_REQUIRED: {
    status: 401,
    message: 'Confirm who you are',
    fix: 'Sign in again, or confirm with your factor, and repeat the request.',
  },
  PPT_MFA_REQUIRED: {
    status: 401,
    message: 'A second factor is required',
    fix: 'Confirm with the factor of the account; without one, ask the operator of this site.',
  },
  PPT_RESET_REQUIRED: {
    status: 401,
    message: 'A new password is required',
    fix: 'Ask for a link to set a new password on the sign-in page; the old one is not taken any more.',
  },
  PPT_LOCKDOWN: {
    status: 503,
    message: 'The site is locked down',
    fix: 'Wait until it is over; the operator of this site knows who gets in meanwhile.',
  },
  PPT_RATE_LIMITED: { status: 429, message: 'Too many requests', fix: 'Wait as long as Retry-After says.' },
  PPT_BACKPRESSURE: { status: 429, message: 'The server is behind', fix: 'Keep the batch and send it again after Retry-After.' },
  // configuration and start
  PPT_CONFIG_INVALID: { status: 500, message: 'A setting is not valid', fix: 'The detail names the setting, the value and what it takes.' },
  PPT_CONFIG_UNKNOWN_KEY: { status: 500, message: 'A setting is not known', fix: 'The detail names the key and the nearest known one.' },
  PPT_PORT_BUSY: { status: 500, message: 'The port is in use', fix: 'Stop the other program or set PARAPET_PORT.' },
  PPT_BIND_CLEARTEXT: {
    status: 500,
    message: 'A bind beyond loopback needs TLS',
    fix: 'Keep PARAPET_HOST on 127.0.0.1 and put a TLS proxy in front.',
  },
  PPT_DATA_DIR: {
    status: 500,
    message: 'The data directory cannot be used',
    fix: 'Give a directory that this user may write, with PARAPET_DATA_DIR.',
  },
  PPT_DATA_DIR_LOCKED: {
    status: 500,
    message: 'Another server runs on this data directory',
    fix: 'Stop the process named in the detail first, or use another PARAPET_DATA_DIR.',
  },
  PPT_DATABASE_RUNTIME: {
    status: 500,
    message: 'The bundled PostgreSQL could not be started',
    fix: 'See the detail; or set DATABASE_URL to a PostgreSQL of your own.',
  },
  PPT_DATABASE_UNAVAILABLE: {
    status: 503,
    message: 'The database does not answer',
    fix: 'Nothing acknowledged is lost. Send the request again.',
  },
  PPT_STORE_UNAVAILABLE: {
    status: 503,
    message: 'The shared store does not answer',
    fix: 'See the detail; sessions and limits that depend on it wait for it, or do what their policy declares.',
  },
  PPT_DATABASE_VERSION: {
    status: 500,
    message: 'The database is too old or too new',
    fix: 'Use PostgreSQL 15 to 18 and a Parapet at least as new as the one that made the schema.',
  },
  PPT_KEYS_MISSING: {
    status: 500,
    message: 'The store holds data but its key is missing or wrong',
    fix: 'Restore the key file named in the detail from your backup.',
  },
  // engines
  PPT_RULE_INVALID: {
    status: 422,
    message: 'The rule cannot run',
    fix: 'The detail names the file, the line and the reason; the other rules run.',
  },
  PPT_FILE_UNREADABLE: { status: 500, message: 'The file cannot be read', fix: 'Check the path and its permissions.' },
  PPT_FILE_TRUNCATED: {
    status: 500,
    message: 'The compressed file ends too early',
    fix: 'What came before the damage was read; fetch the file again for the rest.',
  },
  PPT_FORMAT_UNKNOWN: {
    status: 422,
    message: 'The log format is not known',
    fix: 'Name the format that it is of with --format; parapet detect --help lists them. It has to be a log, as text or gzip.',
  },
  PPT_LOG_FORMAT_INVALID: {
    status: 422,
    message: 'The log format of a server cannot be read',
    fix: 'The detail says why; give log_format or LogFormat as it stands in the configuration of the server.',
  },
  PPT_MAPPING_INVALID: {
    status: 422,
    message: 'The mapping of a log cannot be used',
    fix: 'The detail names the file, the line and the reason.',
  },
  PPT_PROTECTED_TARGET: {
    status: 422,
    message: 'This target is protected',
    fix: 'It is loopback, an own address, a declared proxy, or on the allow-list; the detail says which.',
  },
  PPT_BUDGET: {
    status: 409,
    message: 'The ban budget is spent',
    fix: 'Decisions go on in observe; look at them, then raise the budget or lift the false ones.',
  },
  PPT_CONTROL_PLANE: {
    status: 502,
    message: 'The control plane does not answer',
    fix: 'Check PARAPET_URL and PARAPET_TOKEN and that the server runs.',
  },
  PPT_HELPER: {
    status: 502,
    message: 'The helper of the agent does not do this',
    fix: 'Run parapet-agent status; is parapet-agent-helper.socket active, and does agent.yml allow it? docs/guides/enforce-with-nftables.md says what it does.',
  },
  // privacy
  PPT_MASK_RULE: {
    status: 500,
    message: 'A masking rule or policy is not valid',
    fix: 'The detail names the file, the rule and what it takes.',
  },
  PPT_SEALED_INVALID: {
    status: 500,
    message: 'A sealed value does not open',
    fix: 'It was cut, changed or moved from another cell: restore it from a backup; nothing is shown in its place.',
  },
  PPT_SEALED_QUERY: {
    status: 500,
    message: 'A sealed column cannot be used this way',
    fix: 'Compare its blind index for equality; order and ranges are not possible. The detail names the column.',
  },
  PPT_SEALED_CONTEXT: {
    status: 500,
    message: 'The row of a sealed value is not known',
    fix: 'Give the whole primary key with the statement; the detail names the table and the key.',
  },
  PPT_KEY_UNKNOWN: {
    status: 500,
    message: 'A value was sealed with a key that is not in the keyset',
    fix: 'Bring back the keyset that holds the key named in the detail; parapet keys scan shows which keys are in use.',
  },
  PPT_KEY_DISABLED: {
    status: 500,
    message: 'A value was sealed with a key that is disabled',
    fix: 'Enable the key named in the detail: parapet keys enable.',
  },
  PPT_KEY_DESTROYED: {
    status: 500,
    message: 'A value was sealed with a key that was destroyed',
    fix: 'The value is lost by design unless a backup of the keyset still holds the key.',
  },
  PPT_KEY_DEV: {
    status: 500,
    message: 'A development key was given in production',
    fix: 'Create a keyset without --dev, or leave NODE_ENV=production out.',
  },
  PPT_KEY_IN_USE: {
    status: 409,
    message: 'The key is still in use',
    fix: 'Run parapet keys rotate to its end; parapet keys scan lists what is left.',
  },
  PPT_KEYSET_INVALID: {
    status: 500,
    message: 'The keyset is damaged or does not allow this step',
    fix: 'The detail says what is wrong; parapet keys list shows each key with its status.',
  },
  PPT_KEK: {
    status: 500,
    message: 'The key-encryption key cannot be used',
    fix: 'The detail names the provider and what it answered; nothing is opened without it.',
  },
  PPT_SEAL_STATE: {
    status: 409,
    message: 'The sealing or rotation is not at this step',
    fix: 'Run parapet keys status: it shows where it stands and the command that comes next.',
  },
  PPT_ATTACK_CONSENT: {
    status: 403,
    message: 'This host has not agreed to be attacked',
    fix: 'Run parapet attack --make-token, publish the text it prints under /.well-known/parapet-assessment of the host (or give the token to the guard’s assessment option), and set PARAPET_ASSESSMENT_TOKEN. Loopback and private addresses need none.',
  },
  PPT_ATTACK_TARGET: {
    status: 422,
    message: 'The target file is not valid',
    fix: 'The detail names the place in the file, the value and what it takes; see docs/guides/attack-your-application.md.',
  },
  PPT_ATTACK_UNREACHABLE: {
    status: 502,
    message: 'The target cannot be reached',
    fix: 'Start the application, and check the URL, its port and its scheme (http or https).',
  },
  PPT_OUTPUT: {
    status: 500,
    message: 'The output cannot be written',
    fix: 'Make room on the disk or write to another place, then run it again; what was written is not whole.',
  },
  PPT_USAGE: { status: 500, message: 'The command is not used this way', fix: 'See --help.' },
  PPT_INTERNAL: {
    status: 500,
    message: 'Something went wrong here',
    fix: 'Give the operator the reference in instance; the log has the rest.',
  },
} as const

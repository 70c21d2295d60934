import type { DiagnosticCode } from '@parapet/guard'

/** What each diagnostic of the guard means, and what to do about it. The compiler holds both lists together. */
export const DIAGNOSTICS: Readonly<Record<DiagnosticCode, { readonly means: string; readonly todo: string }>> = {
  access_records_lost: {
    means: 'Records of who saw or changed what could not be kept.',
    todo: 'See why the sink of accessAudit refuses or is slow. With onFailure block nothing is answered unrecorded.',
  },
  challenge_store_away: {
    means: 'The store that remembers solved challenges does not answer.',
    todo: 'Bring the store back. Until then challenges stay closed.',
  },
  client_address_unknown: {
    means: 'A request came in another way than clientAddress declares, so that nobody knows whose it is.',
    todo: 'Name the proxies that are really there in clientAddress; give limits.unknown for what stays unknown.',
  },
  cleartext: {
    means: 'Passwords, cookies or the token of the control plane travel unencrypted.',
    todo: 'Serve the application and the control plane over TLS, and write https in publicOrigins and controlPlane.url.',
  },
  control_plane_away: {
    means: 'The control plane does not answer or refuses the token. Decisions stay in force, events wait in a bounded spool.',
    todo: 'Check that the server runs, the URL, and whether the token was revoked.',
  },
  control_plane_back: { means: 'The control plane answers again.', todo: 'Nothing: what waited is sent.' },
  credentials_hook_failed: {
    means: 'onCredentialsEnd failed, so that API keys or tokens of a subject may still work.',
    todo: 'Mend the function; end the keys of that subject by hand.',
  },
  decision_unsupported: {
    means: 'The control plane decided something that this guard cannot enforce as it is set up.',
    todo: 'The detail says what is missing, such as a keyring for challenges or geo for countries.',
  },
  device_cookies_off: {
    means: 'Without a secret or a keyring no device is known: whoever fails five times for a name locks its owner out as well.',
    todo: 'Give createGuard a keyring, or a secret of 32 random characters or more.',
  },
  events_dropped: {
    means: 'The spool of events was full and the oldest went.',
    todo: 'Bring the control plane back; let fewer events be made, for instance with requestEvents: false.',
  },
  events_rejected: {
    means: 'The control plane did not take events.',
    todo: 'Update the older of the two sides; the detail has the code of the first event.',
  },
  framework_debug: {
    means: 'The framework runs in a debug mode, in which errors show the inside of the application.',
    todo: 'Set NODE_ENV=production, or turn the mode off that the detail names.',
  },
  guard_error: {
    means: 'The guard itself failed at a request. Pages were let through; sign-ins and changes were refused with 503.',
    todo: 'Report it with the detail: it is a fault of ours, or of a function that was given as an option.',
  },
  headers_weak: {
    means: 'The content security policy or another header allows what it better did not.',
    todo: 'The detail says what, and what to write instead.',
  },
  limit_store_away: {
    means: 'The store of limits does not answer. Each policy does what its onOutage says.',
    todo: 'Bring the store back. Policies of sign-in are never open.',
  },
  limit_store_back: { means: 'The store of limits answers again.', todo: 'Nothing.' },
  one_address: {
    means: 'Nearly all requests come from one address: most likely a proxy that clientAddress does not name.',
    todo: 'Name the proxy in clientAddress; otherwise everybody shares one limit and one ban.',
  },
  session_store_away: {
    means: 'The store of sessions does not answer: nobody can be recognised as signed in, or ended sessions could not be ended yet.',
    todo: 'Bring the store back; session.onOutage: closed refuses who brings a session cookie meanwhile.',
  },
}

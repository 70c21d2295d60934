import { formatDuration } from '@parapet/core'
import type { OutboundResult } from './types.js'

/** What a code of the network says to a person. What is not listed is named by its code. */
const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name is not known: check it for a typing mistake',
  EAI_AGAIN: 'the name could not be looked up now: is DNS of this host working?',
  ECONNREFUSED: 'nobody listens there: is the service running, and is the port right?',
  ECONNRESET: 'the connection was cut by the other side',
  EPIPE: 'the connection was cut by the other side',
  EHOSTUNREACH: 'there is no way to that host from here',
  ENETUNREACH: 'there is no way to that network from here',
  ETIMEDOUT: 'nobody answered: a firewall may be in between',
  CERT_HAS_EXPIRED: 'its TLS certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its TLS certificate is signed by itself: give it one of a known authority, or name yours in NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'its TLS certificate comes from an authority that is not known here: name it in NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its TLS certificate lacks the ones between it and its authority: have them sent along',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its TLS certificate comes from an authority that is not known here: name it in NODE_EXTRA_CA_CERTS',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another name',
}

const codesOf = (error: unknown): string[] => {
  if (!(error instanceof Error)) return []
  const { code } = error as NodeJS.ErrnoException
  const inner = error instanceof AggregateError ? error.errors.flatMap(codesOf) : []
  return [...(typeof code === 'string' ? [code] : []), ...inner]
}

/** Puts trouble of the network into a sentence. Never the message of the error: it may hold what the other side wrote. */
export const explainFailure = (error: unknown, host: string, timeoutMs: number, late: boolean): OutboundResult => {
  if (late) return { kind: 'failed', retry: true, detail: `${host} did not answer within ${formatDuration(timeoutMs)}` }
  const codes = codesOf(error)
  const known = codes.find((code) => WORDS[code] !== undefined)
  const [code = 'no code'] = codes
  if (known !== undefined) return { kind: 'failed', retry: true, detail: `${host}: ${WORDS[known]}` }
  const tls = /SSL|TLS|CERT|^EPROTO$/.test(code)
  return {
    kind: 'failed',
    retry: true,
    detail: `${host}: ${tls ? 'TLS was not agreed on' : 'the connection failed'} (${code.slice(0, 60)})`,
  }
}

import type { NoAnswer } from './types.js'

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''

const TLS = /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|ERR_OSSL)/

/** What kind of silence an error of the network is, with a sentence for people; nothing that the target wrote is in it. */
export const toNoAnswer = (error: unknown, waitMs: number): NoAnswer => {
  const code = codeOf(error)
  const none = (why: NoAnswer['why'], detail: string): NoAnswer => ({ kind: 'none', why, detail, waitMs })
  if (code.startsWith('HPE_')) return none('garbage', `the answer is not HTTP/1.1 (${code})`)
  if (code === 'ECONNREFUSED') return none('refused', 'the connection was refused')
  if (code === 'EADDRNOTAVAIL')
    return none('refused', 'this machine cannot connect from the address that the kit chose (addresses.kind: none helps)')
  if (code === 'ETIMEDOUT') return none('timeout', 'the connection was not answered')
  if (TLS.test(code)) return none('refused', `its certificate or TLS was not accepted (${code}); --insecure accepts any certificate`)
  if (code === 'EPROTO') return none('garbage', 'what answers there does not speak TLS')
  if (code === 'ENETUNREACH' || code === 'EHOSTUNREACH' || code === 'ENOTFOUND')
    return none('refused', `the host cannot be reached (${code})`)
  return none('reset', `the connection was closed before an answer came (${code === '' ? 'no reason given' : code})`)
}

/** An answer that did not come in time. */
export const timedOut = (where: string, waitMs: number): NoAnswer => ({
  kind: 'none',
  why: 'timeout',
  detail: `no answer in time: ${where}`,
  waitMs,
})

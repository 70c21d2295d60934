import { ParapetError } from '@parapet/core'
import type { KekProvider } from '../types.js'
import { postRemote, quoteRemote, readAnswer, readServiceUrl, type RemoteAnswer, type RemoteDeps } from './remote.js'

const CIPHERTEXT = /^vault:v\d+:[A-Za-z0-9+/=]{16,4096}$/
const SEGMENT = /^[A-Za-z0-9_.-]+$/

/** Standby, rate limit, replication that lags, and every failure of the server. */
const tryAgain = ({ status }: RemoteAnswer): boolean => status === 412 || status === 429 || status >= 470

/** `https://host/mount/key`, where the mount may have several parts, as the URL of `encrypt` or `decrypt`. */
const endpoint = (base: URL, act: 'encrypt' | 'decrypt', uri: string): URL => {
  const parts = base.pathname.split('/').filter((part) => part !== '')
  const key = parts.pop()
  if (key === undefined || parts.length === 0 || ![...parts, key].every((part) => SEGMENT.test(part) && part !== '.' && part !== '..'))
    throw new ParapetError('PPT_KEK', `${uri} is not of the form vault:https://host/mount/key`)
  return new URL(`/v1/${parts.join('/')}/${act}/${key}`, base)
}

const complaint = (answer: RemoteAnswer, uri: string): ParapetError => {
  const { errors } = readAnswer(answer, uri)
  const said = Array.isArray(errors) ? quoteRemote(errors[0]) : ''
  return new ParapetError('PPT_KEK', `${uri} answered ${answer.status}${said === '' ? '' : `: ${said}`}`)
}

/**
 * A KEK in Vault's Transit engine (or OpenBao's): `vault:https://host:8200/transit/key`. The token comes from VAULT_TOKEN, a
 * namespace from VAULT_NAMESPACE. The context of a key goes along as `context`, for keys with derivation, and as
 * `associated_data`. Every method throws PPT_KEK with the status and Vault's own reason.
 */
export const createVaultKek = (address: string, env: Readonly<Record<string, string | undefined>>, deps: RemoteDeps = {}): KekProvider => {
  const uri = `vault:${address}`
  const base = readServiceUrl(address, 'vault:')
  const urls = { encrypt: endpoint(base, 'encrypt', uri), decrypt: endpoint(base, 'decrypt', uri) }
  const headers = (): Record<string, string> => {
    // read at each call: an agent may renew it
    const token = env['VAULT_TOKEN']
    if (token === undefined || token === '') throw new ParapetError('PPT_KEK', `${uri} takes its token from VAULT_TOKEN, which is not set`)
    if (!/^[\x21-\x7e]+$/.test(token)) throw new ParapetError('PPT_KEK', 'VAULT_TOKEN holds what no token does: a space or a line break')
    const namespace = env['VAULT_NAMESPACE']
    return {
      'content-type': 'application/json',
      'x-vault-token': token,
      'x-vault-request': 'true',
      ...(namespace === undefined || namespace === '' ? {} : { 'x-vault-namespace': namespace }),
    }
  }
  const call = async (
    act: 'encrypt' | 'decrypt',
    fields: Readonly<Record<string, string>>,
    context: string,
  ): Promise<Record<string, unknown>> => {
    const bound = Buffer.from(context).toString('base64')
    const body = JSON.stringify({ ...fields, context: bound, associated_data: bound })
    const answer = await postRemote({ uri, url: urls[act], request: () => ({ headers: headers(), body }), again: tryAgain }, deps)
    if (answer.status !== 200) throw complaint(answer, uri)
    const { data } = readAnswer(answer, uri)
    return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {}
  }
  const strange = (): ParapetError => new ParapetError('PPT_KEK', `${uri} answered 200 with something that is not what Transit says`)
  return {
    uri,
    wrap: async (key, context) => {
      const { ciphertext } = await call('encrypt', { plaintext: Buffer.from(key).toString('base64') }, context)
      if (typeof ciphertext !== 'string' || !CIPHERTEXT.test(ciphertext)) throw strange()
      return Buffer.from(ciphertext)
    },
    unwrap: async (wrapped, context) => {
      const ciphertext = Buffer.from(wrapped).toString('latin1')
      if (!CIPHERTEXT.test(ciphertext)) throw new ParapetError('PPT_KEK', `${uri}: this was not wrapped by Transit`)
      const { plaintext } = await call('decrypt', { ciphertext }, context)
      if (typeof plaintext !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(plaintext)) throw strange()
      return Buffer.from(plaintext, 'base64')
    },
  }
}

import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as a service got it. */
export type Seen = { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: string }

/** What a service does instead of answering, once for each, before it answers as it should. */
export type Fault = (response: ServerResponse) => void

/** A service on loopback that keeps what it saw. */
export type TestService = { readonly url: string; readonly seen: Seen[]; readonly faults: Fault[]; readonly close: () => Promise<void> }

const listen = async (answer: (seen: Seen) => { status: number; body: unknown }): Promise<TestService> => {
  const seen: Seen[] = []
  const faults: Fault[] = []
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() }
      seen.push(one)
      const fault = faults.shift()
      if (fault !== undefined) return fault(response)
      const { status, body } = answer(one)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

const seal = (key: Buffer, plain: Buffer, additional: string): Buffer => {
  const iv = randomBytes(12)
  const gcm = createCipheriv('aes-256-gcm', key, iv)
  gcm.setAAD(Buffer.from(additional))
  return Buffer.concat([iv, gcm.update(plain), gcm.final(), gcm.getAuthTag()])
}

const open = (key: Buffer, sealed: Buffer, additional: string): Buffer | undefined => {
  try {
    const gcm = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
    gcm.setAAD(Buffer.from(additional))
    gcm.setAuthTag(sealed.subarray(-16))
    return Buffer.concat([gcm.update(sealed.subarray(12, -16)), gcm.final()])
  } catch {
    return undefined
  }
}

/** Vault with a Transit engine at `transit` and `team/transit`: checks the token, the namespace and the fields, and encrypts. */
export const startVault = (options: { readonly token: string; readonly namespace?: string }): Promise<TestService> => {
  const keys = new Map<string, Buffer>()
  const problem = (status: number, ...errors: string[]) => ({ status, body: { errors } })
  return listen(({ path, headers, body }) => {
    if (headers['x-vault-token'] !== options.token || headers['x-vault-namespace'] !== options.namespace)
      return problem(403, 'permission denied')
    const [, mount, act, name] = /^\/v1\/((?:team\/)?transit)\/(encrypt|decrypt)\/([\w.-]+)$/.exec(path) ?? []
    if (mount === undefined || name === undefined) return problem(404)
    const key = keys.get(`${mount}/${name}`) ?? randomBytes(32)
    keys.set(`${mount}/${name}`, key)
    const fields = JSON.parse(body) as Record<string, string>
    const additional = `${fields['context'] ?? ''} ${fields['associated_data'] ?? ''}`
    if (act === 'encrypt') {
      const plain = Buffer.from(fields['plaintext'] ?? '', 'base64')
      return { status: 200, body: { data: { ciphertext: `vault:v1:${seal(key, plain, additional).toString('base64')}`, key_version: 1 } } }
    }
    const [, version, data] = /^vault:(v\d+):(.+)$/.exec(fields['ciphertext'] ?? '') ?? []
    if (version !== 'v1' || data === undefined) return problem(400, 'invalid ciphertext: no prefix')
    const plain = open(key, Buffer.from(data, 'base64'), additional)
    return plain === undefined
      ? problem(400, 'cipher: message authentication failed')
      : { status: 200, body: { data: { plaintext: plain.toString('base64') } } }
  })
}

/** AWS KMS with the keys of one account: recomputes the signature from what came, checks date, target and key, and encrypts. */
export const startKms = (options: {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly region: string
  readonly arns: readonly string[]
  readonly now: () => number
}): Promise<TestService> => {
  const keys = new Map(options.arns.map((arn) => [arn, randomBytes(32)]))
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const sha = (text: string): string => createHash('sha256').update(text).digest('hex')
  const problem = (status: number, type: string) => ({ status, body: { __type: type, message: 'no' } })

  /** From the wire alone: method, path, the headers named as signed and the body. */
  const isSigned = ({ path, headers, body }: Seen): boolean => {
    const form =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/kms\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/
    const [, id, day, region, signed, signature] = form.exec(headers['authorization'] ?? '') ?? []
    if (id !== options.accessKeyId || region !== options.region || day === undefined || signed === undefined) return false
    const names = signed.split(';')
    const needed = ['host', 'x-amz-date', 'x-amz-target', ...(options.sessionToken === undefined ? [] : ['x-amz-security-token'])]
    if (!needed.every((name) => names.includes(name)) || headers['x-amz-security-token'] !== options.sessionToken) return false
    const stamp = String(headers['x-amz-date'])
    const sent = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
    if (!(Math.abs(sent - options.now()) < 300_000) || !stamp.startsWith(day)) return false
    const canonical = ['POST', path, '', ...names.map((name) => `${name}:${String(headers[name])}`), '', signed, sha(body)].join('\n')
    const key = [day, region, 'kms', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${options.secretAccessKey}`)
    return hmac(key, `AWS4-HMAC-SHA256\n${stamp}\n${day}/${region}/kms/aws4_request\n${sha(canonical)}`).toString('hex') === signature
  }

  return listen((seen) => {
    if (!isSigned(seen)) return problem(400, 'InvalidSignatureException')
    if (seen.headers['content-type'] !== 'application/x-amz-json-1.1') return problem(404, 'UnknownOperationException')
    const fields = JSON.parse(seen.body) as {
      KeyId?: string
      Plaintext?: string
      CiphertextBlob?: string
      EncryptionContext?: Record<string, string>
    }
    const key = keys.get(fields.KeyId ?? '')
    if (key === undefined) return problem(400, 'com.amazonaws.kms#NotFoundException')
    const additional = JSON.stringify(fields.EncryptionContext ?? {})
    if (seen.headers['x-amz-target'] === 'TrentService.Encrypt') {
      const blob = seal(key, Buffer.from(fields.Plaintext ?? '', 'base64'), additional).toString('base64')
      return { status: 200, body: { CiphertextBlob: blob, KeyId: fields.KeyId, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' } }
    }
    if (seen.headers['x-amz-target'] !== 'TrentService.Decrypt') return problem(400, 'UnknownOperationException')
    const plain = open(key, Buffer.from(fields.CiphertextBlob ?? '', 'base64'), additional)
    return plain === undefined
      ? problem(400, 'InvalidCiphertextException')
      : { status: 200, body: { Plaintext: plain.toString('base64'), KeyId: fields.KeyId } }
  })
}

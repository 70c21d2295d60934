import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createKeyset, openKeyset } from '../open-keyset.js'
import { createMemoryKeysetStore } from '../stores/memory-store.js'
import { CELL, TEST_NOW } from '../fixtures/test-keyset.js'
import type { KekProvider } from '../types.js'
import { kekFromUri } from './kek-from-uri.js'
import { type Fault, startKms, startVault, type TestService } from './fixtures/test-services.js'

const TOKEN = 'hvs.test-token'
const ARN = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const OTHER_ARN = 'arn:aws:kms:eu-central-1:123456789012:alias/other'
const AWS = { accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret', sessionToken: 'test-session==' }
const AWS_ENV = { AWS_ACCESS_KEY_ID: AWS.accessKeyId, AWS_SECRET_ACCESS_KEY: AWS.secretAccessKey, AWS_SESSION_TOKEN: AWS.sessionToken }
const clock = (): number => TEST_NOW
const KEY = randomBytes(32)
const kekError = (detail: RegExp) => expect.objectContaining({ code: 'PPT_KEK', detail: expect.stringMatching(detail) as string })

let vault: TestService
let kms: TestService
let pauses: number[] = []
beforeAll(async () => {
  vault = await startVault({ token: TOKEN })
  kms = await startKms({ ...AWS, region: 'eu-central-1', arns: [ARN, OTHER_ARN], now: clock })
})
afterAll(async () => {
  await vault.close()
  await kms.close()
})
afterEach(() => {
  for (const service of [vault, kms]) {
    service.seen.length = 0
    service.faults.length = 0
  }
  pauses = []
})

type Env = Readonly<Record<string, string | undefined>>
const deps = (env: Env) => ({
  env,
  clock,
  timeoutMs: 200,
  random: () => 0.5,
  sleep: (ms: number) => {
    pauses.push(ms)
    return Promise.resolve()
  },
})
const vaultKek = (path = '/transit/app', env: Env = { VAULT_TOKEN: TOKEN }): KekProvider =>
  kekFromUri(`vault:${vault.url}${path}`, deps(env))
const kmsKek = (arn = ARN, env: Env = AWS_ENV): KekProvider => kekFromUri(`aws-kms:${arn}`, deps({ AWS_ENDPOINT_URL_KMS: kms.url, ...env }))

const answer =
  (status: number, body: string | Buffer, headers: Record<string, string> = {}): Fault =>
  (response) => {
    response.writeHead(status, headers).end(body)
  }
const hang: Fault = () => undefined
const reset: Fault = (response) => response.destroy()
const cut: Fault = (response) => {
  response.writeHead(200, { 'content-length': '1000' }).write('{"data":{')
  setTimeout(() => response.destroy(), 10)
}
const drip: Fault = (response) => {
  response.writeHead(200)
  const timer = setInterval(() => response.write(' '), 50)
  response.on('close', () => clearInterval(timer))
}

describe.each<[string, () => { kek: KekProvider; service: TestService; throttled: Fault; denied: Fault; denial: RegExp }]>([
  [
    'Vault Transit',
    () => ({
      kek: vaultKek(),
      service: vault,
      throttled: answer(429, '{"errors":["rate limited"]}'),
      denied: answer(403, '{"errors":["permission denied"]}'),
      denial: /vault:http.* answered 403: permission denied/,
    }),
  ],
  [
    'AWS KMS',
    () => ({
      kek: kmsKek(),
      service: kms,
      throttled: answer(400, '{"__type":"ThrottlingException"}'),
      denied: answer(400, '{"__type":"com.amazonaws.kms#AccessDeniedException","Message":"no"}'),
      denial: /aws-kms:arn.* answered 400 AccessDeniedException/,
    }),
  ],
])('a KEK in %s', (_name, setup) => {
  it('unwraps what it wrapped, in its context only', async () => {
    const { kek } = setup()
    const wrapped = await kek.wrap(KEY, 'context one')
    expect((await kek.unwrap(wrapped, 'context one')).equals(KEY)).toBe(true)
    await expect(kek.unwrap(wrapped, 'context two')).rejects.toEqual(kekError(/answered 400/))
  })

  it('opens a whole keyset', async () => {
    const { kek } = setup()
    const store = createMemoryKeysetStore()
    await createKeyset({ store, kek, clock, production: true })
    const opened = await openKeyset({ store, kek, clock, production: true })
    expect(opened.cipher.open(opened.cipher.seal('x', CELL), CELL)).toBe('x')
    expect(opened.keyset.kek).toBe(kek.uri)
  })

  it('tries again after failures of the server, with growing pauses, and succeeds', async () => {
    const { kek, service, throttled } = setup()
    service.faults.push(answer(500, 'oops'), throttled, reset)
    expect((await kek.wrap(KEY, 'ctx')).length).toBeGreaterThan(32)
    expect(service.seen).toHaveLength(4)
    expect(pauses).toEqual([150, 300, 600])
  })

  it('gives up after four tries and says what was answered', async () => {
    const { kek, service } = setup()
    service.faults.push(...Array.from({ length: 4 }, () => answer(503, '{"errors":["Vault is sealed"]}')))
    await expect(kek.wrap(KEY, 'ctx')).rejects.toEqual(kekError(/answered 503/))
    expect(service.seen).toHaveLength(4)
  })

  it('does not try again what was refused, and says how', async () => {
    const { kek, service, denied, denial } = setup()
    service.faults.push(denied)
    await expect(kek.wrap(KEY, 'ctx')).rejects.toEqual(kekError(denial))
    expect(service.seen).toHaveLength(1)
  })

  it('does not wait for ever: a service that hangs, drips or breaks off', async () => {
    const { kek, service } = setup()
    service.faults.push(hang, drip, hang, hang)
    await expect(kek.wrap(KEY, 'ctx')).rejects.toEqual(kekError(/did not answer in time/))
    service.faults.push(cut, cut, cut, cut)
    await expect(kek.wrap(KEY, 'ctx')).rejects.toEqual(kekError(/cannot be reached/))
    service.faults.push(cut, hang)
    expect((await kek.wrap(KEY, 'ctx')).length).toBeGreaterThan(32)
  })

  it('follows no redirect, which would carry token and key elsewhere', async () => {
    const { kek, service } = setup()
    for (const status of [301, 302, 307, 308]) {
      service.faults.push(answer(status, '', { location: `${vault.url}/v1/transit/encrypt/app` }))
      await expect(kek.wrap(KEY, 'ctx')).rejects.toEqual(kekError(/redirect/))
    }
    expect(service.seen).toHaveLength(4)
  })

  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['no JSON', '<html>It works</html>'],
    ['JSON cut short', '{"data":{"ciphertext":"vault:v1:AAAA'],
    ['null', 'null'],
    ['a list', '[]'],
    ['an empty object', '{}'],
    ['other types', '{"data":{"ciphertext":1,"plaintext":{}},"CiphertextBlob":1,"Plaintext":[]}'],
    ['data that is null', '{"data":null,"CiphertextBlob":null}'],
    ['no base64', '{"data":{"ciphertext":"vault:v1:!!!!","plaintext":"!!!"},"CiphertextBlob":"!!!","Plaintext":"!!!"}'],
    ['empty values', '{"data":{"ciphertext":"","plaintext":""},"CiphertextBlob":"","Plaintext":""}'],
    ['bytes', randomBytes(1000)],
  ])('refuses 200 with %s', async (_what, body) => {
    const { kek, service } = setup()
    const wrapped = await kek.wrap(KEY, 'ctx')
    service.faults.push(answer(200, body))
    await expect(kek.wrap(KEY, 'ctx')).rejects.toEqual(kekError(/answered 200/))
    service.faults.push(answer(200, body))
    await expect(kek.unwrap(wrapped, 'ctx')).rejects.toEqual(kekError(/answered 200/))
  })

  it('reads no endless answer', async () => {
    const { kek, service } = setup()
    service.faults.push(answer(200, Buffer.alloc(10_000_000, 32)))
    await expect(kek.wrap(KEY, 'ctx')).rejects.toEqual(kekError(/more than 65536 bytes/))
  })

  it('repeats what the service says as plain printable text only', async () => {
    const { kek, service } = setup()
    service.faults.push(answer(403, JSON.stringify({ errors: [`\u001b[2J\nfake line ${'x'.repeat(500)}`], __type: 'A\nB' })))
    await expect(kek.wrap(KEY, 'ctx')).rejects.toSatisfy(
      (error: Error) => /^[\x20-\x7e]+$/.test(error.message) && error.message.length < 500,
    )
  })

  it('never says token, credentials or key', async () => {
    const { kek, service } = setup()
    for (const fault of [answer(403, '{}'), answer(200, '{}'), answer(200, 'x')]) {
      service.faults.push(fault)
      await expect(kek.wrap(KEY, 'ctx')).rejects.toSatisfy(
        (error: Error) =>
          ![TOKEN, AWS.secretAccessKey, AWS.sessionToken, KEY.toString('base64')].some((secret) => error.message.includes(secret)),
      )
    }
  })
})

describe('vault:', () => {
  it('sends the token, and the context both for derivation and as associated data', async () => {
    await vaultKek().wrap(KEY, 'the context')
    const [seen] = vault.seen
    expect(seen).toMatchObject({ path: '/v1/transit/encrypt/app', headers: { 'x-vault-token': TOKEN, 'x-vault-request': 'true' } })
    const bound = Buffer.from('the context').toString('base64')
    expect(JSON.parse(seen?.body ?? '')).toEqual({ plaintext: KEY.toString('base64'), context: bound, associated_data: bound })
  })

  it('takes a mount of several parts, and a namespace', async () => {
    const own = await startVault({ token: TOKEN, namespace: 'team-a' })
    try {
      const kek = kekFromUri(`vault:${own.url}/team/transit/app`, deps({ VAULT_TOKEN: TOKEN, VAULT_NAMESPACE: 'team-a' }))
      expect((await kek.unwrap(await kek.wrap(KEY, 'c'), 'c')).equals(KEY)).toBe(true)
      expect(own.seen[0]?.path).toBe('/v1/team/transit/encrypt/app')
    } finally {
      await own.close()
    }
  })

  it('says that another key of the same Vault is another one', async () => {
    const wrapped = await vaultKek('/transit/app').wrap(KEY, 'c')
    await expect(vaultKek('/transit/other').unwrap(wrapped, 'c')).rejects.toEqual(
      kekError(/answered 400: cipher: message authentication failed/),
    )
  })

  it('reads the token at each call, and says when there is none or a broken one', async () => {
    const env: Record<string, string | undefined> = {}
    const kek = vaultKek('/transit/app', env)
    await expect(kek.wrap(KEY, 'c')).rejects.toEqual(kekError(/VAULT_TOKEN, which is not set/))
    env['VAULT_TOKEN'] = `${TOKEN}\nx-evil: 1`
    await expect(kek.wrap(KEY, 'c')).rejects.toEqual(kekError(/VAULT_TOKEN holds what no token does/))
    env['VAULT_TOKEN'] = 'wrong'
    await expect(kek.wrap(KEY, 'c')).rejects.toEqual(kekError(/403: permission denied/))
    env['VAULT_TOKEN'] = TOKEN
    expect((await kek.wrap(KEY, 'c')).toString()).toMatch(/^vault:v1:/)
  })

  it('sends nothing to Vault that Transit did not wrap', async () => {
    for (const wrapped of ['', 'vault:v1:', 'vault:v1:"}', `vault:v1:${'A'.repeat(10_000)}`, 'AAAA'])
      await expect(vaultKek().unwrap(Buffer.from(wrapped), 'c')).rejects.toEqual(kekError(/not wrapped by Transit/))
    expect(vault.seen).toEqual([])
  })

  it('that is not there is named with the reason', async () => {
    const kek = kekFromUri('vault:http://127.0.0.1:1/transit/app', deps({ VAULT_TOKEN: TOKEN }))
    await expect(kek.wrap(KEY, 'c')).rejects.toEqual(kekError(/cannot be reached/))
  })
})

describe('aws-kms:', () => {
  it('signs what it sends so that KMS accepts it, and names the context as KMS does', async () => {
    const wrapped = await kmsKek().wrap(KEY, 'the context')
    await kmsKek().unwrap(wrapped, 'the context')
    expect(kms.seen.map(({ headers }) => headers['x-amz-target'])).toEqual(['TrentService.Encrypt', 'TrentService.Decrypt'])
    expect(JSON.parse(kms.seen[0]?.body ?? '')).toEqual({
      KeyId: ARN,
      Plaintext: KEY.toString('base64'),
      EncryptionContext: { parapet: 'the context' },
    })
  })

  it('with wrong credentials is refused by the signature', async () => {
    for (const change of [{ AWS_SECRET_ACCESS_KEY: 'other' }, { AWS_ACCESS_KEY_ID: 'AKIAOTHER' }, { AWS_SESSION_TOKEN: 'other' }])
      await expect(kmsKek(ARN, { ...AWS_ENV, ...change }).wrap(KEY, 'c')).rejects.toEqual(kekError(/400 InvalidSignatureException/))
  })

  it('signs anew for each try, with the time of it', async () => {
    kms.faults.push(answer(500, ''))
    let now = TEST_NOW - 1000
    const kek = kekFromUri(`aws-kms:${ARN}`, { ...deps({ ...AWS_ENV, AWS_ENDPOINT_URL_KMS: kms.url }), clock: () => (now += 1000) })
    await kek.wrap(KEY, 'c')
    expect(new Set(kms.seen.map(({ headers }) => headers['authorization'])).size).toBe(2)
  })

  it('says without credentials which variables it reads', async () => {
    await expect(kmsKek(ARN, {}).wrap(KEY, 'c')).rejects.toEqual(
      kekError(/AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which are not both set/),
    )
    await expect(kmsKek(ARN, { ...AWS_ENV, AWS_SECRET_ACCESS_KEY: 'a\r\nb' }).wrap(KEY, 'c')).rejects.toEqual(kekError(/hold what none do/))
    expect(kms.seen).toEqual([])
  })

  it('says that a key wrapped by another KMS key is none of this one, and that a key is missing', async () => {
    const wrapped = await kmsKek().wrap(KEY, 'c')
    await expect(kmsKek(OTHER_ARN).unwrap(wrapped, 'c')).rejects.toEqual(kekError(/400 InvalidCiphertextException/))
    await expect(kmsKek(ARN.replace('1234abcd', '00000000')).wrap(KEY, 'c')).rejects.toEqual(kekError(/400 NotFoundException/))
  })

  it.each([
    [ARN, 'https://kms.eu-central-1.amazonaws.com/'],
    ['arn:aws-cn:kms:cn-north-1:123456789012:key/x', 'https://kms.cn-north-1.amazonaws.com.cn/'],
    ['arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/x', 'https://kms.us-gov-west-1.amazonaws.com/'],
  ])('calls the endpoint of the region of %s', async (arn, url) => {
    const called: string[] = []
    const kek = kekFromUri(`aws-kms:${arn}`, {
      ...deps(AWS_ENV),
      fetch: (input) => {
        called.push(input instanceof Request ? input.url : String(input))
        return Promise.resolve(new Response('{}'))
      },
    })
    await expect(kek.wrap(KEY, 'c')).rejects.toEqual(kekError(/answered 200/))
    expect(called).toEqual([url])
  })

  it('takes no endpoint in the clear beyond loopback', () => {
    for (const endpoint of ['http://kms.example.org', 'http://127.0.0.1.example.org', 'ftp://127.0.0.1/'])
      expect(() => kekFromUri(`aws-kms:${ARN}`, deps({ ...AWS_ENV, AWS_ENDPOINT_URL_KMS: endpoint }))).toThrow(kekError(/must be https/))
  })
})

/** Seals fields in turns with bare AES-256-GCM and the AWS Encryption SDK: `seal-fields.js ROUNDS MS`. Prints operations per CPU-second as JSON. */
import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto'
import process from 'node:process'
import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node'
import { createKeyset, createMemoryKeysetStore, kekFromMaster, openKeyset } from '@parapet/privacy/encryption'

const [rounds = '5', ms = '200'] = process.argv.slice(2)

const store = createMemoryKeysetStore()
const kek = kekFromMaster(randomBytes(32), 'file:/bench')
await createKeyset({ store, kek, clock: Date.now, production: true })
const { cipher } = await openKeyset({ store, kek, clock: Date.now, production: true })
const rowOf = (i) => `0190f1c2-aaaa-7bbb-8ccc-${String(i).padStart(12, '0')}`
const context = (i) => ({ tenant: 'acme', table: 'users', column: 'phone', row: [rowOf(i)], type: 'bytes' })

/** What a careful hand writes without us: a cached key, random nonces from a pool, the same facts as additional data, one buffer. */
const key = createSecretKey(randomBytes(32))
let pool = Buffer.alloc(0)
let at = 0
const bareGcm = (plain, i) => {
  if (at + 12 > pool.length) [pool, at] = [randomBytes(12 * 256), 0]
  const iv = pool.subarray(at, (at += 12))
  const gcm = createCipheriv('aes-256-gcm', key, iv)
  gcm.setAAD(Buffer.from(`acme|users|phone|${rowOf(i)}`))
  const encrypted = gcm.update(plain)
  gcm.final()
  const sealed = Buffer.allocUnsafe(28 + encrypted.length)
  sealed.set(iv)
  sealed.set(encrypted, 12)
  sealed.set(gcm.getAuthTag(), 12 + encrypted.length)
  return sealed
}

const keyring = new RawAesKeyringNode({
  keyName: 'bench',
  keyNamespace: 'bench',
  unencryptedMasterKey: randomBytes(32),
  wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
})
const sdk = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
const facts = (i) => ({ tenant: 'acme', table: 'users', column: 'phone', row: rowOf(i) })
const encryptSdk = (plain, i) => sdk.encrypt(keyring, plain, { encryptionContext: facts(i) })
const encryptSdkUnsigned = (plain, i) =>
  sdk.encrypt(keyring, plain, {
    encryptionContext: facts(i),
    suiteId: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY,
  })

const sizes = { 64: randomBytes(64), 1024: randomBytes(1024) }
const sealed = Object.fromEntries(
  Object.entries(sizes).map(([size, plain]) => [size, Array.from({ length: 256 }, (_, i) => cipher.sealBytes(plain, context(i)))]),
)
const variants = {
  bare: bareGcm,
  sealBytes: (plain, i) => cipher.sealBytes(plain, context(i)),
  sealText: (plain, i) => cipher.seal(plain, context(i)),
  open: (plain, i) => cipher.openBytes(sealed[plain.length][i & 255], context(i & 255)),
  sdk: encryptSdk,
  sdkUnsigned: encryptSdkUnsigned,
}

/** Operations per CPU-second over a stretch of time; the collector's share is counted. */
const measure = async (run, plain) => {
  const waits = run === encryptSdk || run === encryptSdkUnsigned
  const start = process.cpuUsage()
  const used = () => {
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1e6
  }
  let count = 0
  for (const end = Number(ms) / 1000; used() < end;) {
    if (waits) for (let i = 0; i < 5; i++) await run(plain, count++)
    else for (let i = 0; i < 500; i++) run(plain, count++)
  }
  return count / used()
}

const results = {}
for (let round = -1; round < Number(rounds); round++) {
  for (const [size, plain] of Object.entries(sizes)) {
    for (const [name, run] of Object.entries(variants)) {
      const perSecond = await measure(run, plain)
      // the first round warms up
      if (round >= 0) ((results[size] ??= {})[name] ??= []).push(perSecond)
    }
  }
}
const bytes = { ours: cipher.sealBytes(sizes[64], context(0)).length, sdkUnsigned: (await encryptSdkUnsigned(sizes[64], 0)).result.length }
console.log(JSON.stringify({ results, bytes }))

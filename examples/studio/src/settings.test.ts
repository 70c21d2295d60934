import { describe, expect, it } from 'vitest'
import { isProduction, type OwnKeys, readSettings } from './settings.js'

const SECRET = 'q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6'
const KEYS: OwnKeys = { secret: SECRET, kekFile: '/var/lib/studio/kek' }
const PRODUCTION = {
  PUBLIC_ORIGIN: 'https://studio.example',
  STUDIO_SECRET: SECRET,
  PARAPET_KEK: 'file:/etc/studio/kek',
  DATABASE_URL: 'postgres://studio@db.example/studio',
  SMTP_URL: 'smtps://studio@mail.example',
  SECURITY_CONTACT: 'mailto:security@studio.example',
  TRUSTED_PROXIES: '10.0.0.1, 10.0.0.2',
}

describe('on this machine', () => {
  it('nothing has to be said', () => {
    expect(readSettings({}, KEYS)).toMatchObject({
      host: '127.0.0.1', port: 3_000, publicOrigin: 'http://localhost:3000', clientAddress: 'direct', secret: SECRET, samples: 'people', stepUpSeconds: 600,
      kek: { uri: 'file:/var/lib/studio/kek' },
    }) // prettier-ignore
  })

  it('other settings are taken, and empty ones are none', () => {
    const settings = readSettings(
      { PORT: '8080', HOST: '::1', SAMPLES: 'attack', LOG_LEVEL: 'debug', DATABASE_URL: ' ', SMTP_URL: '' },
      KEYS,
    )
    expect(settings).toMatchObject({
      port: 8_080,
      host: '::1',
      publicOrigin: 'http://localhost:8080',
      stepUpSeconds: 20,
      logLevel: 'debug',
    })
    expect([settings.databaseUrl, settings.smtpUrl]).toEqual([undefined, undefined])
  })
})

describe('for the world', () => {
  it('is what every origin but this machine counts as', () => {
    for (const origin of ['https://studio.example', 'http://studio.example', 'http://192.0.2.1:3000'])
      expect(isProduction({ PUBLIC_ORIGIN: origin })).toBe(true)
    for (const origin of ['http://localhost:3000', 'https://127.0.0.1', 'http://[::1]:3000', '', undefined])
      expect(isProduction({ PUBLIC_ORIGIN: origin })).toBe(false)
  })

  it('starts with everything given', () => {
    expect(readSettings(PRODUCTION)).toMatchObject({
      publicOrigin: 'https://studio.example', clientAddress: { trusted: ['10.0.0.1', '10.0.0.2'] }, samples: 'none', logLevel: 'info',
      mailFrom: 'Studio <no-reply@studio.example>',
    }) // prettier-ignore
  })

  it.each(['STUDIO_SECRET', 'PARAPET_KEK', 'DATABASE_URL', 'SMTP_URL', 'SECURITY_CONTACT'])(
    'does not start without %s, and says what to give [ASVS 13.3.1]',
    (name) => {
      // keys that were made on this machine do not stand in either
      expect(() => readSettings({ ...PRODUCTION, [name]: '' }, KEYS)).toThrow(new RegExp(`^${name} is missing: give `))
    },
  )

  it('is not reached from elsewhere with accounts that everybody knows', () => {
    for (const HOST of ['0.0.0.0', '::', '192.0.2.1', 'studio.example']) {
      expect(() => readSettings({ HOST }, KEYS)).toThrow(/^SAMPLES .*SAMPLES=none/)
      expect(readSettings({ HOST, SAMPLES: 'none' }, KEYS).host).toBe(HOST)
    }
  })

  it('never has accounts with known passwords', () => {
    for (const SAMPLES of ['people', 'attack']) expect(() => readSettings({ ...PRODUCTION, SAMPLES })).toThrow(/^SAMPLES .*leave it out/)
  })
})

describe('a bad value', () => {
  it.each([
    ['PORT', 'http'],
    ['PORT', '0'],
    ['PORT', '65536'],
    ['PORT', '3000.5'],
    ['PORT', '1e3'],
    ['PUBLIC_ORIGIN', 'studio.example'],
    ['PUBLIC_ORIGIN', 'ftp://studio.example'],
    ['PUBLIC_ORIGIN', 'http://studio.example'],
    ['PUBLIC_ORIGIN', 'https://studio.example/app'],
    ['PUBLIC_ORIGIN', 'https://ann:pw@studio.example'],
    ['STUDIO_SECRET', 'changeme'],
    ['STUDIO_SECRET', 'a'.repeat(64)],
    ['PARAPET_KEK', 'hunter2'],
    ['PARAPET_KEK', SECRET],
    ['DATABASE_URL', 'mysql://db.example/studio'],
    ['SMTP_URL', 'mail.example'],
    ['SECURITY_CONTACT', 'security@studio.example'],
    ['LOG_LEVEL', 'loud'],
    ['STEP_UP_SECONDS', '-1'],
    ['SAMPLES', 'all'],
    ['PARAPET_URL', 'https://plane.example'],
    ['PARAPET_TOKEN', 'ppt_x'],
  ])('of %s (%s) is refused by name', (name, value) => {
    let said = ''
    try {
      readSettings({ ...PRODUCTION, [name]: value })
    } catch (error) {
      said = error instanceof Error ? error.message : ''
    }
    expect(said).toContain(name === 'PARAPET_KEK' && value === 'hunter2' ? 'KEK' : name)
  })

  it('that may be a secret is not repeated', () => {
    for (const name of ['STUDIO_SECRET', 'DATABASE_URL', 'SMTP_URL']) {
      const read = (): unknown => readSettings({ ...PRODUCTION, [name]: 'x://s3cret' })
      expect(read).toThrow(name)
      expect(read).not.toThrow('s3cret')
    }
  })
})

import { chmodSync } from 'node:fs'
import { builtInRuleSet, createMasker } from '@parapet/privacy'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../fixtures/run-parapet.js'
import { type MaskChoices, maskerOptions } from './masker-options.js'

const folder = temporaryFolder()
const set = builtInRuleSet()
const ENV = { KEY: 'k'.repeat(40), SHORT: 'short-secret' }
const policy = folder.write(
  'policy.yml',
  'on: [ipv4]\noff: [email]\nactions: { phone: pseudonymize }\nroles: { support: { personal: mask } }\n',
)
const broken = folder.write('broken.yml', 'roles: { support: { emial: mask } }\n')
const openKey = folder.write('open.key', 'k'.repeat(40))
chmodSync(openKey, 0o644)
const closedKey = folder.write('closed.key', `${'k'.repeat(40)}\n`)
chmodSync(closedKey, 0o600)
const options = (choices: MaskChoices) => maskerOptions(choices, ENV, set)

describe('maskerOptions', () => {
  it('lets the command line go before the policy file', async () => {
    const built = await options({ policy, on: ['email'], off: ['ipv4'], pseudonymKey: 'env:KEY' })
    expect(built).toMatchObject({ on: ['ipv4', 'email'], off: ['ipv4'], actions: { phone: 'pseudonymize' } })
    const masker = createMasker(built)
    expect(masker.text('a@example.org 203.0.113.7')).toBe('[REDACTED:email] 203.0.113.7')
  })

  it('makes one view of --action, which goes before everything', async () => {
    expect((await options({ action: 'mask', keepLast: 2 })).view).toEqual({ '*': { action: 'mask', keepLast: 2 } })
    expect((await options({ action: 'drop', policy, pseudonymKey: 'env:KEY' })).view).toEqual({ '*': 'drop' })
    expect((await options({})).view).toBeUndefined()
  })

  it('reads a key without the line end that an editor adds', async () => {
    const read = async (pseudonymKey: string) => (await options({ action: 'pseudonymize', pseudonymKey })).pseudonymKey?.()
    expect(Buffer.from((await read(`file:${closedKey}`)) ?? '').toString()).toBe('k'.repeat(40))
    expect(await read('env:KEY')).toEqual(await read(`file:${closedKey}`))
  })

  it.each<[MaskChoices, string, RegExp]>([
    [{ role: 'support' }, 'PPT_USAGE', /--role needs --policy/],
    [{ role: 'suport', policy }, 'PPT_USAGE', /has no role suport; did you mean support\?/],
    [{ role: 'constructor', policy }, 'PPT_USAGE', /has no role constructor/],
    [{ role: 'support', policy, action: 'drop' }, 'PPT_USAGE', /give one of them/],
    [{ keepLast: 4 }, 'PPT_USAGE', /--keep-last goes with --action mask/],
    [{ keepLast: 4, action: 'drop' }, 'PPT_USAGE', /--keep-last goes with --action mask/],
    [{ on: ['emial'] }, 'PPT_CONFIG_UNKNOWN_KEY', /--on: emial is no rule; did you mean email\?/],
    [{ off: ['constructor'] }, 'PPT_CONFIG_UNKNOWN_KEY', /--off: constructor is no rule/],
    [{ policy: broken }, 'PPT_CONFIG_UNKNOWN_KEY', /broken\.yml: roles\.support: emial is no rule; did you mean email\?/],
    [{ policy }, 'PPT_USAGE', /pseudonyms are made with a key/],
    [{ action: 'pseudonymize' }, 'PPT_USAGE', /pseudonyms are made with a key/],
    [{ action: 'pseudonymize', pseudonymKey: 'hunter2hunter2hunter2' }, 'PPT_USAGE', /never the key itself/],
    [{ action: 'pseudonymize', pseudonymKey: `env:${'k'.repeat(41)}` }, 'PPT_USAGE', /never the key itself/],
    [{ action: 'pseudonymize', pseudonymKey: 'file:relative' }, 'PPT_USAGE', /file:\/path/],
    [{ action: 'pseudonymize', pseudonymKey: 'env:NOT_THERE' }, 'PPT_CONFIG_INVALID', /env:NOT_THERE is not set/],
    [{ action: 'pseudonymize', pseudonymKey: 'env:SHORT' }, 'PPT_CONFIG_INVALID', /holds 12 bytes; a pseudonym key has 16/],
    [{ action: 'pseudonymize', pseudonymKey: `file:${openKey}` }, 'PPT_CONFIG_INVALID', /chmod 600/],
    [{ action: 'pseudonymize', pseudonymKey: 'file:/dev/zero' }, 'PPT_CONFIG_INVALID', /is no file/],
    [{ action: 'pseudonymize', pseudonymKey: `file:${folder.path}/none` }, 'PPT_FILE_UNREADABLE', /ENOENT/],
    [{ policy: `${folder.path}/none.yml` }, 'PPT_FILE_UNREADABLE', /none\.yml \(ENOENT\)/],
  ])('refuses %j', async (choices, code, sentence) => {
    const thrown: unknown = await options(choices).catch((error: unknown) => error)
    expect(thrown).toMatchObject({ code, detail: expect.stringMatching(sentence) as string })
    expect(JSON.stringify(thrown)).not.toMatch(/hunter2|short-secret|k{41}/)
  })
})

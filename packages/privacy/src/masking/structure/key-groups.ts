import { readFileSync } from 'node:fs'
import { isRecord, ParapetError } from '@parapet/core'
import { type Confidence, MASK_ACTIONS, type MaskAction } from '../types.js'
import { yaml } from '../yaml.js'

/** One kind of thing that keys name, as `rules/keys.yml` states it. An id that a masking rule has too stands for the same thing. */
export type KeyGroup = {
  readonly id: string
  readonly title: string
  readonly kind: 'personal' | 'secret'
  /** what is done to the value unless a policy or a role says otherwise */
  readonly action: MaskAction
  /** for `mask`: how many trailing characters stay */
  readonly keepLast: number
  /** `low` is only on when a policy names the group */
  readonly confidence: Confidence
  /** words at the end of a key */
  readonly keys: readonly string[]
  /** names that also count at the end of a longer word */
  readonly ending: readonly string[]
  /** words that are the whole key */
  readonly exact: readonly string[]
  /** ends of keys that are innocent although a name fits */
  readonly except: readonly string[]
  /** ids of masking rules that find the same thing by its shape: what a policy says of the group holds for them */
  readonly covers: readonly string[]
  readonly match: readonly string[]
  readonly noMatch: readonly string[]
}

/** The file `rules/keys.yml` after its check: groups, and words at the end of a key that say nothing about what it holds. */
export type KeyRules = { readonly groups: readonly KeyGroup[]; readonly neutral: readonly string[] }

const FIELDS = new Set([
  'id',
  'title',
  'kind',
  'action',
  'keep-last',
  'confidence',
  'keys',
  'ending',
  'exact',
  'except',
  'covers',
  'match',
  'no-match',
])

const wrong = (file: string, where: string, takes: string): ParapetError => new ParapetError('PPT_MASK_RULE', `${file}: ${where} ${takes}`)

const readGroup = (raw: unknown, file: string, index: number): KeyGroup => {
  if (!isRecord(raw) || typeof raw['id'] !== 'string' || !/^[a-z][a-z0-9-]{1,60}$/.test(raw['id']))
    throw wrong(file, `group ${index + 1}`, 'needs an id in kebab-case')
  const id = raw['id']
  const unknown = Object.keys(raw).find((name) => !FIELDS.has(name))
  if (unknown !== undefined) throw wrong(file, `${id}.${unknown}`, `is not known; a group has ${[...FIELDS].join(', ')}`)
  const texts = (name: string, required: boolean): readonly string[] => {
    const list = raw[name] ?? []
    if (!Array.isArray(list) || !list.every((item) => typeof item === 'string' && item !== '') || (required && list.length === 0))
      throw wrong(file, `${id}.${name}`, 'is a list of names')
    return list as readonly string[]
  }
  const choice = <T extends string>(name: string, values: readonly T[], fallback: T): T => {
    const value = raw[name] ?? fallback
    if (!values.includes(value as T)) throw wrong(file, `${id}.${name}`, `is one of ${values.join(', ')}`)
    return value as T
  }
  const keepLast = raw['keep-last'] ?? 4
  if (typeof keepLast !== 'number' || !Number.isInteger(keepLast) || keepLast < 0 || keepLast > 8)
    throw wrong(file, `${id}.keep-last`, 'is a whole number from 0 to 8')
  if (typeof raw['title'] !== 'string') throw wrong(file, `${id}.title`, 'is a text')
  if (raw['kind'] !== 'personal' && raw['kind'] !== 'secret') throw wrong(file, `${id}.kind`, 'is personal or secret')
  return {
    id,
    title: raw['title'],
    kind: raw['kind'],
    action: choice('action', MASK_ACTIONS, 'redact'),
    keepLast,
    confidence: choice('confidence', ['high', 'medium', 'low'], 'high'),
    keys: texts('keys', true),
    ending: texts('ending', false),
    exact: texts('exact', false),
    except: texts('except', false),
    covers: texts('covers', false),
    match: texts('match', true),
    noMatch: texts('no-match', true),
  }
}

/** Reads the text of a file of key groups. Throws `PPT_MASK_RULE` with the place of the first fault. */
export const readKeyRules = (text: string, file: string): KeyRules => {
  let raw: unknown
  try {
    raw = yaml().parse(text, { uniqueKeys: true, maxAliasCount: 0 })
  } catch (cause) {
    throw new ParapetError('PPT_MASK_RULE', `${file} is not YAML`, { cause })
  }
  if (!isRecord(raw) || !Array.isArray(raw['groups'])) throw wrong(file, 'the file', 'is a mapping with neutral and groups')
  const neutral = raw['neutral'] ?? []
  if (!Array.isArray(neutral) || !neutral.every((word) => typeof word === 'string')) throw wrong(file, 'neutral', 'is a list of words')
  const groups = raw['groups'].map((group: unknown, index: number) => readGroup(group, file, index))
  const twice = groups.find((group, index) => groups.findIndex((other) => other.id === group.id) !== index)
  if (twice !== undefined) throw wrong(file, twice.id, 'is there twice')
  return { groups, neutral }
}

let builtin: KeyRules | undefined

/** The groups that come with the package, read once. Throws what the file system throws when the package is incomplete. */
export const builtinKeyRules = (): KeyRules =>
  (builtin ??= readKeyRules(readFileSync(new URL('../../../rules/keys.yml', import.meta.url), 'utf8'), 'rules/keys.yml'))

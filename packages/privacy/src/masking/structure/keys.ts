import { ParapetError } from '@parapet/core'
import { builtinKeyRules, type KeyGroup, type KeyRules } from './key-groups.js'

/** Says which group a key belongs to, `undefined` when what it holds is nobody's secret. Remembers what it was asked. */
export type KeyClassifier = (key: string) => KeyGroup | undefined

/** What a classifier is built from. */
export type KeyClassifierOptions = {
  /** default: the groups of `rules/keys.yml` */
  readonly rules?: KeyRules
  /** ids of groups of low confidence that are on all the same */
  readonly on?: readonly string[]
  /** ids of groups that are off */
  readonly off?: readonly string[]
}

/** Only the end of a longer key counts: what a key holds is said by its last words. */
const MOST_CHARACTERS = 128
const MOST_REMEMBERED = 8_192

const [OTHER, LOWER, UPPER, DIGIT] = [0, 1, 2, 3]

const kindOf = (code: number): number => {
  if (code >= 97 && code <= 122) return LOWER
  if (code >= 65 && code <= 90) return UPPER
  if (code >= 48 && code <= 57) return DIGIT
  return code < 128 ? OTHER : LOWER
}

/** The words of a key, in lower case: `X-Api-Key`, `xApiKey` and `XAPIKey` are `x`, `api`, `key`. Letters beyond ASCII are compared by NFKC, so look-alike widths do not hide a name. */
export const wordsOf = (key: string): readonly string[] => {
  let text = key.length > MOST_CHARACTERS ? key.slice(-MOST_CHARACTERS) : key
  // eslint-disable-next-line no-control-regex -- everything that is not ASCII
  if (/[^\u0000-\u007f]/.test(text)) text = text.normalize('NFKC').slice(-MOST_CHARACTERS)
  const words: string[] = []
  let start = 0
  let before = OTHER
  for (let i = 0; i <= text.length; i++) {
    const kind = i === text.length ? OTHER : kindOf(text.charCodeAt(i))
    const isEdge =
      kind !== before && !(before === UPPER && kind === LOWER && i - start === 1)
        ? true
        : kind === UPPER && i + 1 < text.length && i > start && kindOf(text.charCodeAt(i + 1)) === LOWER
    if (isEdge) {
      // in `APIKey` the last capital begins the next word
      if (before === UPPER && kind === LOWER) {
        words.push(text.slice(start, i - 1))
        start = i - 1
      } else {
        if (before !== OTHER) words.push(text.slice(start, i))
        start = i
      }
    }
    before = kind
  }
  return words.filter((word) => word !== '').map((word) => word.toLowerCase())
}

type Named = { readonly group: KeyGroup | undefined; readonly whole: boolean }

const compile = ({ groups }: KeyRules, isOn: (group: KeyGroup) => boolean): ReadonlyMap<string, Named> => {
  const named = new Map<string, Named>()
  const add = (name: string, value: Named): void => {
    const joined = wordsOf(name).join('')
    const there = named.get(joined)
    if (joined === '' || there !== undefined)
      throw new ParapetError('PPT_MASK_RULE', `key name "${name}" of ${value.group?.id ?? 'except'} is empty or there twice`)
    named.set(joined, value)
  }
  for (const group of groups) {
    // the innocent look-alikes of a group that is off stay innocent for the others
    for (const name of group.except) add(name, { group: undefined, whole: false })
    if (!isOn(group)) continue
    for (const name of group.keys) add(name, { group, whole: false })
    for (const name of group.exact) add(name, { group, whole: true })
  }
  return named
}

/**
 * A classifier of keys. The longest name at the end of a key decides; trailing digits and neutral words (`passwordConfirmation`,
 * `password2`, `apiKeyValue`) are looked past. Throws `PPT_MASK_RULE` when an id is not known or a name stands in two groups.
 */
export const createKeyClassifier = (options: KeyClassifierOptions = {}): KeyClassifier => {
  const rules = options.rules ?? builtinKeyRules()
  for (const id of [...(options.on ?? []), ...(options.off ?? [])])
    if (!rules.groups.some((group) => group.id === id)) throw new ParapetError('PPT_MASK_RULE', `no key group is called ${id}`)
  const isOn = ({ id, confidence }: KeyGroup): boolean =>
    options.off?.includes(id) !== true && (confidence !== 'low' || options.on?.includes(id) === true)
  const named = compile(rules, isOn)
  const neutral = new Set(rules.neutral)
  const endings = rules.groups.filter(isOn).flatMap((group) => group.ending.map((name) => ({ name, group })))

  const look = (key: string): KeyGroup | undefined => {
    const words = wordsOf(key)
    for (let end = words.length; end > 0; end--) {
      let tail = words.slice(0, end).join('')
      for (let start = 0; start < end; start++) {
        const found = named.get(tail)
        if (found !== undefined && (!found.whole || start === 0)) return found.group
        tail = tail.slice((words[start] ?? '').length)
      }
      const last = words[end - 1] ?? ''
      const ending = endings.find(({ name }) => last.endsWith(name))
      if (ending !== undefined) return ending.group
      if (!neutral.has(last) && kindOf(last.charCodeAt(0)) !== DIGIT) return undefined
    }
    return undefined
  }

  // hostile keys may be all different: the memory is emptied when full, and never holds a long one
  const remembered = new Map<string, KeyGroup | null>()
  return (key) => {
    const known = remembered.get(key)
    if (known !== undefined) return known ?? undefined
    const group = look(key)
    if (key.length <= MOST_CHARACTERS) {
      if (remembered.size >= MOST_REMEMBERED) remembered.clear()
      remembered.set(key, group ?? null)
    }
    return group
  }
}

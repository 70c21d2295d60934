import { ParapetError } from '@parapet/core'

/** A place in the trie of selectors: where each next key leads, and what is said of the value itself. */
export type PathNode = {
  readonly next: Map<string, PathNode>
  star: PathNode | undefined
  /** reached by `**`: stays reachable at every depth below */
  deep: PathNode | undefined
  isDeep: boolean
  verdict: 'hide' | 'show' | undefined
}

/** The places that hold after a key; `undefined` when no selector can match below. */
export type PathNodes = readonly PathNode[] | undefined

/** Selectors, compiled once. */
export type Paths = {
  readonly start: PathNodes
  readonly step: (nodes: PathNodes, key: string) => PathNodes
  readonly verdict: (nodes: PathNodes) => 'hide' | 'show' | undefined
}

const MOST_PATHS = 256
const MOST_SEGMENTS = 16

const newNode = (isDeep = false): PathNode => ({ next: new Map(), star: undefined, deep: undefined, isDeep, verdict: undefined })

const SEGMENT = /^(?:\*\*?|[^.*[\]]+)$/

/** `a.b[0]["c"].*` as its segments: quotes keep a dot inside a name. */
const segmentsOf = (path: string): readonly string[] => {
  const segments: string[] = []
  const rest = path.replaceAll(/\[(?:"([^"\]]*)"|'([^'\]]*)'|(\d+|\*))\]/g, (_all, double: string, single: string, plain: string) => {
    segments.push(double ?? single ?? plain)
    return `.\u0000${segments.length - 1}`
  })
  const names = (rest.startsWith('.') ? rest.slice(1) : rest).split('.')
  return names.map((name) => (name.startsWith('\u0000') ? (segments[Number(name.slice(1))] ?? '') : SEGMENT.test(name) ? name : ''))
}

/**
 * Compiles selectors: `req.headers.*`, `**.password`, `items[0].note`, `a["b.c"]`. `*` is one key or index, `**` any number of them.
 * A selector hides what it names; with `!` before it, it shows that value and all below as they are, which beats every other rule.
 * Names are compared exactly. Throws `PPT_MASK_RULE` for a selector that cannot be read.
 */
export const compilePaths = (paths: readonly string[]): Paths => {
  if (paths.length > MOST_PATHS) throw new ParapetError('PPT_MASK_RULE', `at most ${MOST_PATHS} paths`)
  const root = newNode()
  for (const path of paths) {
    const isShown = path.startsWith('!')
    const segments = segmentsOf(isShown ? path.slice(1) : path)
    const last = segments.at(-1)
    if (segments.includes('') || segments.length > MOST_SEGMENTS || last === '**')
      throw new ParapetError('PPT_MASK_RULE', `path "${path.slice(0, 100)}": write req.headers.*, **.password or !user.displayEmail`)
    let node = root
    for (const segment of segments) {
      if (segment === '*') node = node.star ??= newNode()
      else if (segment === '**') node = node.deep ??= newNode(true)
      else {
        const there = node.next.get(segment) ?? newNode()
        node.next.set(segment, there)
        node = there
      }
    }
    node.verdict = isShown || node.verdict === 'show' ? 'show' : 'hide'
  }
  const open = (into: PathNode[], node: PathNode): void => {
    if (into.includes(node)) return
    into.push(node)
    if (node.deep !== undefined) open(into, node.deep)
  }
  const start: PathNode[] = []
  open(start, root)
  return {
    start: paths.length === 0 ? undefined : start,
    step: (nodes, key) => {
      if (nodes === undefined) return undefined
      const after: PathNode[] = []
      for (const node of nodes) {
        if (node.isDeep) open(after, node)
        if (node.star !== undefined) open(after, node.star)
        const next = node.next.get(key)
        if (next !== undefined) open(after, next)
      }
      return after.length === 0 ? undefined : after
    },
    verdict: (nodes) => {
      let verdict: 'hide' | 'show' | undefined
      for (const node of nodes ?? []) {
        if (node.verdict === 'show') return 'show'
        verdict ??= node.verdict
      }
      return verdict
    },
  }
}

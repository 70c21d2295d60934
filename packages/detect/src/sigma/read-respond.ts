import { DAY, parseDuration } from '@parapet/core'
import { quote, RuleFault } from './problem.js'
import { asMap, asText, entryOf, onlyKeys } from './read-node.js'
import type { XRespond } from './rule.js'
import type { YamlMap, YamlNode } from './yaml-tree.js'

const ACTIONS = ['deny', 'throttle', 'challenge', 'require_mfa', 'require_reset', 'suspend'] as const
const SCOPES = ['login', 'all'] as const
const TARGETS = ['ip', 'user'] as const
const MODES = ['observe', 'enforce'] as const

const oneOf = <T extends string>(map: YamlMap, key: string, allowed: readonly T[], otherwise?: T): T => {
  const entry = entryOf(map, key)
  if (entry === undefined) {
    if (otherwise !== undefined) return otherwise
    throw new RuleFault(map.line, `x-respond needs ${key}: ${allowed.join(', ')}`)
  }
  const text = asText(entry.value, key)
  const found = allowed.find((item) => item === text)
  if (found === undefined) throw new RuleFault(entry.line, `x-respond ${key} is ${quote(text)}; it takes ${allowed.join(', ')}`)
  return found
}

/** Reads `x-respond`. `duration` is at most 30 days; `mode` is observe unless the rule says enforce. */
export const readRespond = (node: YamlNode): XRespond => {
  const map = asMap(node, 'x-respond')
  onlyKeys(map, ['action', 'scope', 'duration', 'target', 'mode'], 'x-respond')
  const entry = entryOf(map, 'duration')
  const duration = entry === undefined ? '' : asText(entry.value, 'duration')
  const ms = parseDuration(duration)
  if (ms === undefined || ms <= 0 || ms > 30 * DAY)
    throw new RuleFault(entry?.line ?? map.line, 'x-respond needs a duration of at most 30 days, such as 1h')
  return {
    action: oneOf(map, 'action', ACTIONS),
    scope: oneOf(map, 'scope', SCOPES),
    duration,
    target: oneOf(map, 'target', TARGETS),
    mode: oneOf(map, 'mode', MODES, 'observe'),
  }
}

import { describe, expect, it } from 'vitest'
import { eventField as fieldIn, fieldNamesOf } from './pipelines/log-source-fields.js'
import { matchesLogSource, type LogSource } from './log-source.js'

const eventField = (name: string, anchoring: 'contains' | 'whole' | 'startswith'): string =>
  fieldIn(fieldNamesOf({ category: 'webserver' }), name, anchoring)

describe('log sources', () => {
  it.each<[LogSource, string, string, boolean]>([
    [{ category: 'webserver' }, 'web', 'nginx.access', true],
    [{ category: 'webserver' }, 'web', 'guard.request', true],
    [{ category: 'webserver' }, 'authentication', 'guard.login', false],
    [{ category: 'authentication' }, 'authentication', 'sshd', true],
    [{ category: 'webserver', product: 'nginx' }, 'web', 'nginx.access', true],
    [{ category: 'webserver', product: 'apache' }, 'web', 'nginx.access', false],
    [{ product: 'linux', service: 'sshd' }, 'network', 'sshd', true],
    [{ product: 'linux', service: 'auth' }, 'authentication', 'sudo', true],
    [{ service: 'sshd' }, 'web', 'nginx.access', false],
    [{ product: 'windows', category: 'process_creation' }, 'process', 'auditd', false],
    [{ category: 'custom' }, 'custom', '', true],
    [{ service: 'shop' }, 'web', 'shop.orders', true],
    [{ service: 'shop' }, 'web', 'shopping', false],
    [{ category: 'constructor' }, 'web', '', false],
  ])('%j reads %s events of %j: %s', (source, category, dataset, expected) => {
    expect(matchesLogSource(source, category, dataset)).toBe(expected)
  })

  it('looks for an open value of a query in the whole target', () => {
    expect(eventField('cs-uri-query', 'contains')).toBe('url.original')
    expect(eventField('cs-uri-query', 'whole')).toBe('url.query')
    expect(eventField('cs-uri-query', 'startswith')).toBe('url.query')
    expect(eventField('CS-Method', 'whole')).toBe('http.request.method')
    expect(eventField('user.name', 'whole')).toBe('user.name')
    expect(eventField('constructor', 'whole')).toBe('constructor')
  })
})

/** What a token or a role may do; also the scopes of API tokens. */
export const PERMISSIONS = [
  'events.write',
  'events.read',
  'alerts.read',
  'decisions.read',
  'decisions.write',
  'feeds.read',
  'triage.write',
  'rules.manage',
  'policies.manage',
  'lockdown.manage',
  'subjects.read',
  'subjects.write',
  'notifications.read',
  'notifications.manage',
  'incidents.read',
  'incidents.write',
  'operators.manage',
  'tokens.manage',
  'sources.manage',
  'audit.read',
  'demo.manage',
] as const
/** One of {@link PERMISSIONS}. */
export type Permission = (typeof PERMISSIONS)[number]

/** Roles of operators. */
export const ROLES = ['admin', 'viewer'] as const
/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number]

/** What each role may do. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  admin: new Set(PERMISSIONS),
  viewer: new Set(PERMISSIONS.filter((permission) => permission.endsWith('.read'))),
}

/** What a source's own token may do: send, and obey. */
export const SOURCE_PERMISSIONS: readonly Permission[] = ['events.write', 'decisions.read']

/**
 * What a route asks for: a permission, or `public` (anyone), `signed-in` (anyone known), `operator` (a person with a session),
 * `local` (a client on this machine, or anyone known).
 */
export type RoutePermission = Permission | 'public' | 'signed-in' | 'operator' | 'local'

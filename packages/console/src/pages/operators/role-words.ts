/** What the roles are called, and what they mean. */
export const ROLE_WORDS = {
  admin: { name: 'Admin', means: 'blocks, undoes, adds operators and tokens' },
  viewer: { name: 'Viewer', means: 'reads everything, changes nothing' },
} as const

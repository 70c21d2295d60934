export { displayName } from './names.js'
export { createOperators, type Operator, type Operators } from './operators.js'
export { createPasswordHasher, type PasswordHasher } from './passwords.js'
export { createPresence, type Presence } from './presence.js'

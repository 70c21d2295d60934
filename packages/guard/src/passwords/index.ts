export { createPasswords } from './passwords.js'
export type { BreachOptions, PasswordContext, PasswordReason, Passwords, PasswordsOptions, PasswordVerdict } from './types.js'

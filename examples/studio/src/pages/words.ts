/** What the page after an act says about it. */
export const FLASHES = {
  verified: 'Your address is confirmed. You can sign in now.',
  'signed-out': 'You are signed out.',
  'password-changed': 'Your password is changed, and every other session was ended.',
  'password-set': 'Your new password is set. Sign in with it.',
  saved: 'Saved.',
  'app-added': 'The authenticator app is set up.',
  'app-removed': 'The authenticator app is removed.',
  'passkey-added': 'The passkey is added.',
  'passkey-removed': 'The passkey is removed.',
  'session-ended': 'The session is ended.',
  'sessions-ended': 'All other sessions are ended.',
  'document-created': 'The document is created. Add attachments, or ask for comments.',
  commented: 'Your comment is added.',
  attached: 'The attachment is added.',
  'role-changed': 'The role is changed.',
  'rights-changed': 'The view rights are changed.',
  suspended: 'The person is suspended, and signed out everywhere.',
  restored: 'The person can sign in again.',
  'reset-sent': 'The factors are removed, and a link for a new password is on its way.',
} as const

/** What has been done, said on the page that follows. */
export type Flash = keyof typeof FLASHES

/** Sentences for what a form can be refused for; each says what to do next. */
export const WORDS = {
  signInFailed: 'The address or the password is wrong. Try again, or set a new password.',
  codeFailed: 'This code did not work. Wait for the next one, and check the clock of your device.',
  codeExpired: 'That took too long. Sign in again.',
  resetNeeded: 'This account needs a new password first. Set one by mail.',
  linkFailed: 'This link was used already, or is too old. Ask for a new one.',
  emailNeeded: 'Give your e-mail address, such as anna@example.org.',
  nameNeeded: 'Give a name of at most 80 characters.',
  titleNeeded: 'Give a title of at most 200 characters.',
  frameworkNeeded: 'Choose a framework of the list.',
  contactWrong: 'This is no e-mail address. Correct it, or leave it empty.',
  phoneWrong: 'Give the number with its country, such as +49 30 1234567, or leave it empty.',
  commentNeeded: 'Write something first, at most 4,000 characters.',
  fileNeeded: 'Choose a file first.',
  fileTooLarge: 'This file is too large. Choose one of at most 5 MB.',
  proofFailed: 'That was not right. Try again.',
  currentWrong: 'Your current password is another one. Try again.',
  tryLater: 'This does not work right now. Please try again in a minute.',
  tooMany: 'There are too many already. Remove one first.',
} as const

/** A flash of the address's `done`, or nothing. */
export const readFlash = (value: unknown): Flash | undefined =>
  typeof value === 'string' && Object.hasOwn(FLASHES, value) ? (value as Flash) : undefined

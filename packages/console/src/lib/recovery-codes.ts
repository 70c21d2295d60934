/** The text of the file in which somebody keeps his recovery codes. */
export const recoveryFile = (
  codes: readonly string[],
  about: { readonly site: string; readonly name: string; readonly at: number },
): string =>
  [
    `Recovery codes of Parapet at ${about.site}`,
    `for ${about.name}, made on ${new Date(about.at).toISOString().slice(0, 10)}`,
    '',
    ...codes,
    '',
    'Each signs in once in the place of the authenticator app or the passkey.',
    'Keep them where the password is not.',
    '',
  ].join('\n')

/** A secret in groups of four, for whoever types it. */
export const inGroups = (secret: string): string => secret.replaceAll(/.{4}(?=.)/g, (group) => `${group} `)

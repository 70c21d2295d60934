/** Who a mail is from: a name, which may be empty, and one address. */
export type Sender = { readonly name: string; readonly address: string }

/** True for one plain mail address: no quotes, no route, no comment, nothing that a header or another mail server could read differently. */
export const isMailAddress = (text: string): boolean =>
  text.length <= 254 &&
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}){0,8}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){0,10}[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(
    text,
  )

/** Reads `parapet@example.org` or `Parapet <parapet@example.org>`; `undefined` for anything else. */
export const readSender = (text: string): Sender | undefined => {
  const open = text.indexOf('<')
  if (open < 0) return isMailAddress(text.trim()) ? { name: '', address: text.trim() } : undefined
  const name = text.slice(0, open).trim()
  const rest = text.slice(open + 1).trim()
  const address = rest.slice(0, -1)
  if (!rest.endsWith('>') || !isMailAddress(address) || /[\p{Cc}"<>,;:@\\]/u.test(name) || name.length > 100) return undefined
  return { name, address }
}

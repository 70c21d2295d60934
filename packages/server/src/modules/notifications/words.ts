/** What is hostile in a text that people read: controls, and marks that turn the order of writing or are not seen. Ends of lines are kept apart. */
const UNSEEN =
  /[\p{Cc}\p{Cs}\u{00AD}\u{061C}\u{180E}\u{200B}-\u{200F}\u{2028}-\u{202E}\u{2060}-\u{206F}\u{FEFF}\u{FFF9}-\u{FFFB}\u{E0000}-\u{E007F}]/gu

/** A text of one line, at most `most` characters long. */
export const oneLine = (text: string, most: number): string => {
  // cut first: what comes after is not worth a look
  const clean = text
    .slice(0, most * 4)
    .replaceAll(/[\n\r\t]+/g, ' ')
    .replaceAll(UNSEEN, '')
    .trim()
  const letters = Array.from(clean)
  return letters.length <= most ? clean : `${letters.slice(0, most - 1).join('')}…`
}

/** A text of several lines, at most `most` characters long. */
export const severalLines = (text: string, most: number): string => {
  const clean = text
    .slice(0, most * 4)
    .split(/\r\n|\n|\r/)
    .map((each) => each.replaceAll('\t', ' ').replaceAll(UNSEEN, ''))
    .join('\n')
    .trim()
  const letters = Array.from(clean)
  return letters.length <= most ? clean : `${letters.slice(0, most - 1).join('')}…`
}

/** Links without slashes, as mail programs know them. */
const SCHEMES = /(mailto|tel|sms|callto|sip|sips|xmpp|skype|facetime|geo|maps|magnet|matrix|javascript|data|file|urn|news|ldap):(?=\S)/gi

/**
 * The same words with nothing in them that a mail program or a chat makes a link of by itself: `https://` becomes `https[:]//`, `evil.example`
 * becomes `evil[.]example`, `ann@example.org` becomes `ann[@]example[.]org`. Addresses such as 203.0.113.7 stay as they are.
 */
export const withoutLinks = (text: string): string =>
  text
    .replaceAll('://', '[:]//')
    .replaceAll('@', '[@]')
    .replaceAll(/[.\u{3002}\u{FF0E}\u{FF61}](?=\p{L})/gu, '[.]')
    .replaceAll(SCHEMES, '$1[:]')

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text as it may stand in HTML, also within quotes. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter] ?? '')

/** Text as it may stand in Slack's mrkdwn, where these three begin everything that is more than text. Source: Slack, formatting text. */
export const escapeMrkdwn = (text: string): string => text.replaceAll(/[&<>]/g, (letter) => ENTITIES[letter] ?? '')

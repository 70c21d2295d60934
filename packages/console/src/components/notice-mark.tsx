import type { NoticeWeight } from '../lib/notice-words.js'

const WORD: Readonly<Record<NoticeWeight, string>> = { look: 'Look into it', know: 'To know', own: 'Your own act' }

/** How much a notice weighs, told by shape, colour and (for screen readers) a word. */
export const NoticeMark = ({ weight }: { readonly weight: NoticeWeight }) => (
  <span className={`mt-[0.3rem] inline-block h-fit ${weight === 'look' ? 'text-high' : weight === 'know' ? 'text-low' : 'text-ink-3'}`}>
    <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden>
      {weight === 'look' ? (
        <path d="M6 0.6 11.6 11.2H0.4z" fill="currentColor" />
      ) : weight === 'know' ? (
        <circle cx="6" cy="6" r="5" fill="currentColor" />
      ) : (
        <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="2" />
      )}
    </svg>
    <span className="sr-only">{WORD[weight]}</span>
  </span>
)

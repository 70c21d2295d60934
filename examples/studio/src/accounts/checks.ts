/** An address that mail can be sent to, as far as its form goes; whether it is somebody's is shown by the mail. */
export const isEmail = (text: string): boolean =>
  text.length <= 254 && /^[^\s@<>"(),:;\\[\]\p{Cc}]{1,64}@[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63})+$/iu.test(text)

/** A name as people write theirs: one line of at most 80 characters. */
export const isName = (text: string): boolean => text !== '' && text.length <= 80 && !/\p{Cc}/u.test(text)

/** A telephone number with its country, or nothing. */
export const isPhone = (text: string): boolean => text === '' || /^\+[\d ()./-]{6,30}$/.test(text)

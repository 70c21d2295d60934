import { createMasker, type TextMasker } from '@parapet/privacy'

let made: TextMasker | undefined

/** The masker of this process: the rules that come with Parapet, built once. Throws `PPT_MASK_RULE` when one of them is broken. */
export const loadMasker = (): TextMasker => (made ??= createMasker())

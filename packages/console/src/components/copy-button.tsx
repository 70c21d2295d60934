import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'

/** Copies a text and says that it did, or that the browser refused. */
export const CopyButton = ({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) => {
  const [state, setState] = useState<'idle' | 'done' | 'refused'>('idle')
  useEffect(() => {
    if (state === 'idle') return undefined
    const timer = setTimeout(() => setState('idle'), 2_000)
    return () => clearTimeout(timer)
  }, [state])
  return (
    <button
      type="button"
      className="button"
      onClick={() => {
        navigator.clipboard.writeText(text).then(
          () => setState('done'),
          () => setState('refused'),
        )
      }}
    >
      {state === 'done' ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />}
      <span aria-live="polite">{state === 'done' ? 'Copied' : state === 'refused' ? 'Not allowed here' : label}</span>
    </button>
  )
}

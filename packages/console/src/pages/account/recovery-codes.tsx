import { Download, Printer } from 'lucide-react'

import { useOperator } from '../../app/session.js'
import { CopyButton } from '../../components/copy-button.js'
import { Dialog } from '../../components/dialog.js'
import { recoveryFile } from '../../lib/recovery-codes.js'

const save = (text: string): void => {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = 'parapet-recovery-codes.txt'
  link.click()
  URL.revokeObjectURL(url)
}

/** Recovery codes, this once. It closes only by saying that they are kept. */
export const RecoveryCodes = ({ codes, onKept }: { readonly codes: readonly string[]; readonly onKept: () => void }) => {
  const { name } = useOperator()
  return (
    <Dialog
      open
      onClose={() => undefined}
      closable={false}
      title="Your recovery codes"
      description="Each signs in once when the app or the passkey is lost. They are shown this once: keep them where the password is not."
    >
      <ol className="printed font-mono text-[min(1.02rem,4.1vw)] whitespace-nowrap" aria-label="Recovery codes">
        {codes.map((code) => (
          <li key={code} className="border-b border-line py-1">
            {code}
          </li>
        ))}
      </ol>
      <div className="mt-5 flex flex-wrap gap-2">
        <button type="button" className="button" onClick={() => save(recoveryFile(codes, { site: location.host, name, at: Date.now() }))}>
          <Download size={15} aria-hidden />
          Download
        </button>
        <CopyButton text={codes.join('\n')} />
        <button type="button" className="button" onClick={() => print()}>
          <Printer size={15} aria-hidden />
          Print
        </button>
        <button type="button" className="button ml-auto" data-kind="primary" onClick={onKept}>
          I have kept them
        </button>
      </div>
    </Dialog>
  )
}

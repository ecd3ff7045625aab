export type BareMachine = {
  readonly name: string
  /** What its disk NAME-root is made from: `spec` of a DataVolume as YAML. Without it, that DataVolume is declared elsewhere. */
  readonly disk?: string
  readonly cores?: number
  /** True: with a card on the pod network. */
  readonly pod?: boolean
}

/** A machine with one disk and nothing else: over a blank one it never gets past the firmware, which is all that many a test needs. */
export function bareMachine({ name, disk, cores, pod = false }: BareMachine): string {
  return `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: ${name}
spec:
  runStrategy: Always
${disk === undefined ? '' : ownDisk(name, disk)}  template:
    spec:
      terminationGracePeriodSeconds: 0
      domain:
${cores === undefined ? '' : `        cpu:\n          cores: ${cores}\n`}        memory:
          guest: 64Mi
        devices:
          autoattachPodInterface: ${String(pod)}
          disks:
            - name: root
              disk:
                bus: virtio
      volumes:
        - name: root
          dataVolume:
            name: ${name}-root
`
}

/** What a blank disk is made from. */
export const blank = `source:
  blank: {}
pvc:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 8Mi
`

/** A DataVolume over a blank disk. */
export function blankDisk(name: string): string {
  return `apiVersion: cdi.kubevirt.io/v1beta1
kind: DataVolume
metadata:
  name: ${name}
spec:
${indented(blank, 2)}`
}

function ownDisk(name: string, spec: string): string {
  return `  dataVolumeTemplates:
    - metadata:
        name: ${name}-root
      spec:
${indented(spec, 8)}`
}

function indented(text: string, columns: number): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(columns))
}

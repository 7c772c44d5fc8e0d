/** Medians over the rounds; ratios are made within a round, so that a noisy machine slows both sides. */
export interface ServeRow {
  readonly connections: number;
  readonly jamMBps: number;
  readonly nginxMBps: number;
  readonly speedRatio: number;
  readonly jamCpuPerGb: number;
  readonly nginxCpuPerGb: number;
  readonly cpuRatio: number;
  readonly jamPeakRssMiB: number;
}

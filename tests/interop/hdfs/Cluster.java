package tidemill.interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.MiniDFSNNTopology;
import org.apache.hadoop.hdfs.protocol.HdfsConstants.SafeModeAction;
import org.apache.hadoop.hdfs.server.namenode.NameNodeAdapter;

/**
 * One HDFS in one JVM, on loopback: a datanode and one namenode or two. Says where the namenodes answer HTTP, then obeys
 * one command a line and answers each with "done" or "failed: why"; ends with its standard input.
 *
 * <p>Arguments: a folder for its files; how many namenodes.
 */
public final class Cluster {
  private final MiniDFSCluster cluster;
  private final int nameNodes;

  private Cluster(String folder, int nameNodes) throws IOException {
    Configuration conf = new Configuration();
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder);
    conf.setBoolean("dfs.webhdfs.enabled", true);
    conf.set("dfs.ha.tail-edits.period", "1");
    conf.set("dfs.namenode.http-bind-host", "127.0.0.1");
    // The shared edits of the two namenodes lie in a folder here: no quorum of journals is needed.
    MiniDFSCluster.Builder builder = new MiniDFSCluster.Builder(conf).numDataNodes(1);
    if (nameNodes > 1) {
      builder.nnTopology(MiniDFSNNTopology.simpleHATopology(nameNodes));
    }
    this.cluster = builder.build();
    this.nameNodes = nameNodes;
    cluster.waitActive();
    if (nameNodes > 1) {
      cluster.transitionToActive(0);
    }
    // Two users, as no program of the tests is the one that owns the file system.
    DistributedFileSystem files = cluster.getFileSystem(0);
    files.mkdirs(new Path("/open"));
    files.setPermission(new Path("/open"), new FsPermission((short) 0777));
    files.mkdirs(new Path("/closed"));
    files.setPermission(new Path("/closed"), new FsPermission((short) 0700));
  }

  private String addresses() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < nameNodes; i++) {
      text.append(i == 0 ? "" : ",").append("127.0.0.1:").append(cluster.getNameNode(i).getHttpAddress().getPort());
    }
    return text.toString();
  }

  private void obey(String[] words) throws Exception {
    int index = words.length > 1 ? Integer.parseInt(words[1]) : 0;
    switch (words[0]) {
      case "safemode-enter":
        cluster.getFileSystem(index).setSafeMode(SafeModeAction.SAFEMODE_ENTER);
        break;
      case "safemode-leave":
        NameNodeAdapter.leaveSafeMode(cluster.getNameNode(index));
        break;
      case "restart":
        cluster.restartNameNode(index, true);
        break;
      case "standby":
        cluster.transitionToStandby(index);
        break;
      case "active":
        cluster.transitionToActive(index);
        break;
      default:
        throw new IllegalArgumentException("no such command: " + words[0]);
    }
  }

  public static void main(String[] arguments) throws Exception {
    Cluster running = new Cluster(arguments[0], Integer.parseInt(arguments[1]));
    System.out.println("listening at " + running.addresses());
    System.out.flush();
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      try {
        running.obey(line.trim().split(" "));
        System.out.println("done");
      } catch (Exception failure) {
        System.out.println("failed: " + failure);
      }
      System.out.flush();
    }
    running.cluster.shutdown(true, true);
    System.exit(0);
  }
}

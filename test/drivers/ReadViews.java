// ReadViews: reads views through JDBC, as Metabase, Tableau and DBeaver do.
//
// Standard input names them, schema.view, one a line. What it prints for each is described
// in test/drivers/check. The server listens on a Unix socket only, whose folder is in PGHOST.

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.JDBCType;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Properties;
import javax.net.SocketFactory;

public class ReadViews {
    // A socket of java.net over one of the file system.
    static class UnixSocket extends Socket {
        private final SocketChannel channel;

        UnixSocket() throws IOException {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        }

        @Override public void connect(SocketAddress ignored, int timeout) throws IOException {
            channel.connect(UnixDomainSocketAddress.of(
                Path.of(System.getenv("PGHOST"), ".s.PGSQL." + System.getenv("PGPORT"))));
        }

        @Override public InputStream getInputStream() { return Channels.newInputStream(channel); }
        @Override public OutputStream getOutputStream() { return Channels.newOutputStream(channel); }
        @Override public boolean isConnected() { return channel.isConnected(); }
        @Override public boolean isClosed() { return !channel.isOpen(); }
        @Override public void close() throws IOException { channel.close(); }
        @Override public void setTcpNoDelay(boolean on) {}
        @Override public void setKeepAlive(boolean on) {}
        @Override public void setSoTimeout(int milliseconds) {}
        @Override public int getSoTimeout() { return 0; }
        @Override public int getSendBufferSize() { return 8192; }
    }

    // The driver makes one of these by its name.
    public static class UnixSockets extends SocketFactory {
        @Override public Socket createSocket() throws IOException { return new UnixSocket(); }
        @Override public Socket createSocket(String host, int port) { throw new UnsupportedOperationException(); }
        @Override public Socket createSocket(String host, int port, InetAddress local, int localPort) { throw new UnsupportedOperationException(); }
        @Override public Socket createSocket(InetAddress host, int port) { throw new UnsupportedOperationException(); }
        @Override public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) { throw new UnsupportedOperationException(); }
    }

    static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);

    static String escape(String text) {
        return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r");
    }

    static String write(Object value) {
        if (value == null) return "\\N";
        if (value instanceof Double) return String.format("%016x", Double.doubleToRawLongBits((Double) value));
        if (value instanceof Boolean) return (Boolean) value ? "t" : "f";
        if (value instanceof BigDecimal) return ((BigDecimal) value).toPlainString();
        if (value instanceof Date) return ((Date) value).toLocalDate().toString();
        if (value instanceof Timestamp) {
            Instant at = ((Timestamp) value).toInstant();
            return Long.toString(at.getEpochSecond() * 1000000 + at.getNano() / 1000);
        }
        return escape(value.toString());
    }

    static void read(Connection connection, String schema, String view) throws SQLException {
        DatabaseMetaData about = connection.getMetaData();
        out.printf("view\t%s.%s%n", schema, view);
        try (ResultSet tables = about.getTables(null, schema, view, new String[] {"VIEW"})) {
            while (tables.next()) out.printf("remark\t%s%n", write(tables.getString("REMARKS")));
        }
        try (ResultSet columns = about.getColumns(null, schema, view, "%")) {
            while (columns.next())
                out.printf("listed\t%s\t%s\t%s%n", columns.getString("COLUMN_NAME"),
                    JDBCType.valueOf(columns.getInt("DATA_TYPE")), write(columns.getString("REMARKS")));
        }
        try (Statement statement = connection.createStatement();
             ResultSet rows = statement.executeQuery("SELECT * FROM " + schema + "." + view)) {
            ResultSetMetaData columns = rows.getMetaData();
            for (int i = 1; i <= columns.getColumnCount(); i++)
                out.printf("column\t%s\t%s %s%n", columns.getColumnName(i), JDBCType.valueOf(columns.getColumnType(i)),
                    columns.getColumnClassName(i));
            while (rows.next()) {
                out.print("row");
                for (int i = 1; i <= columns.getColumnCount(); i++) {
                    Object value = rows.getObject(i);
                    // what it says of a column, it must give
                    if (value != null && !value.getClass().getName().equals(columns.getColumnClassName(i)))
                        throw new SQLException(columns.getColumnName(i) + " is " + value.getClass());
                    out.print("\t" + write(value));
                }
                out.println();
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        settings.setProperty("user", System.getenv("PGUSER"));
        settings.setProperty("socketFactory", UnixSockets.class.getName());
        try (Connection connection = DriverManager.getConnection("jdbc:postgresql://localhost/" + System.getenv("PGDATABASE"), settings);
             BufferedReader names = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String name = names.readLine(); name != null; name = names.readLine())
                read(connection, name.substring(0, name.indexOf('.')), name.substring(name.indexOf('.') + 1));
        }
        out.println("end");
        out.flush();
    }
}
